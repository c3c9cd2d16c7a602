"""Where things are: the checkout, the build, and tools/demolib, whose hosts and router the tests share."""

import os
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
BUILD = os.path.abspath(os.environ.get("RHUMB_BUILD", os.path.join(ROOT, "build")))
LOGS = os.path.join(BUILD, "functional-logs")

sys.path.insert(0, os.path.join(ROOT, "tools", "demolib"))
