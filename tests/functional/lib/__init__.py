"""The functional tests' harness; its modules and those of tools/demolib are found by their plain names."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
