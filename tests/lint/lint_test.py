#!/usr/bin/env python3
"""Each lint finds a bad sample and passes a good one."""

import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import context_lines
import drop_docs
import drop_tests
import file_rules
import headers_alone
import hot_symbols
import include_direction
import readme_figures
import script_syntax


class Sample(unittest.TestCase):
    """A small tree in a folder of its own."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="rhumb-lint-")
        self.addCleanup(self.folder.cleanup)
        self.root = self.folder.name

    def write(self, path, content, mode=0o644):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(full, mode)

    def assert_finds(self, lint, *parts):
        findings = lint.check(self.root, self.root)
        self.assertTrue(any(all(part in line for part in parts) for line in findings), findings)

    def assert_clean(self, lint):
        self.assertEqual(lint.check(self.root, self.root), [])


class IncludeDirection(Sample):
    def setUp(self):
        super().setUp()
        for path in ("dataplane/base/error.h", "dataplane/base/rcu.h", "dataplane/api/engine.h", "dataplane/worker/loop.h",
                     "dataplane/match/trie_lookup.h", "dataplane/port/port_priv.h", "controlplane/api/ctl.h", "controlplane/subs/subs.h",
                     "tests/lib/reference.h", "tools/librhumb/rhumb.h", "tools/rhumb/command.h"):
            self.write(path, "#pragma once\n")

    def edge(self, source, target):
        self.write(source, f'#include "{target}"\n')

    def test_permitted_edges_pass(self):
        self.edge("dataplane/worker/loop.c", "dataplane/api/engine.h")
        self.edge("controlplane/subs/subs.c", "dataplane/api/engine.h")
        self.edge("tools/rhumb/main.c", "controlplane/api/ctl.h")
        self.edge("tools/rhumb/pub.c", "tools/librhumb/rhumb.h")
        self.edge("perf/scenario.c", "tests/lib/reference.h")
        self.edge("tests/unit/loop_test.c", "dataplane/worker/loop.h")
        self.assert_clean(include_direction)

    def test_forbidden_edges_are_found(self):
        for source, target in (("dataplane/base/error.c", "dataplane/api/engine.h"),
                               ("dataplane/worker/loop.c", "controlplane/api/ctl.h"),
                               ("controlplane/subs/subs.c", "dataplane/worker/loop.h"),
                               ("controlplane/subs/look.c", "dataplane/match/trie_lookup.h"),
                               ("controlplane/api/ctl.c", "controlplane/subs/subs.h"),
                               ("controlplane/api/ctl.c", "dataplane/api/engine.h"),
                               ("dataplane/node/rx.c", "dataplane/port/port_priv.h"),
                               ("tools/rhumb/main.c", "dataplane/api/engine.h"),
                               ("dataplane/api/engine.c", "tests/lib/reference.h"),
                               ("tools/librhumb/client.c", "tools/rhumb/command.h")):
            with self.subTest(source=source):
                self.edge(source, target)
                self.assert_finds(include_direction, source + ":1", target)

    def test_a_path_that_is_not_from_the_root_is_found(self):
        self.edge("dataplane/base/error.c", "error.h")
        self.assert_finds(include_direction, "error.c:1", "not a path from the root")

    def test_a_generated_header_passes(self):
        self.edge("controlplane/conf/schema.c", "controlplane/conf/model.h")
        self.write("controlplane/conf/meson.build", "custom_target('model', output: 'model.h')\n")
        self.assert_clean(include_direction)

    def test_liburcu_elsewhere_is_found(self):
        self.write("dataplane/base/rcu.h", "#include <urcu/urcu-qsbr.h>\n")
        self.assert_clean(include_direction)
        self.write("dataplane/match/trie_lookup.c", "#include <urcu/urcu-qsbr.h>\n")
        self.assert_finds(include_direction, "trie_lookup.c:1", "urcu")

    def test_dpdk_above_the_contract_is_found(self):
        self.write("controlplane/subs/subs.c", "#include <rte_mbuf.h>\n")
        self.assert_finds(include_direction, "subs.c:1", "rte_mbuf.h")


class HeadersAlone(Sample):
    def test_a_header_that_needs_another_is_found(self):
        self.write("dataplane/base/a.h", "#pragma once\n#include <stdint.h>\nuint32_t rh_a(void);\n")
        self.assert_clean(headers_alone)
        self.write("dataplane/base/b.h", "#pragma once\nuint32_t rh_b(void);\n")
        self.assert_finds(headers_alone, "b.h", "does not compile alone")

    def test_a_header_without_a_guard_is_found(self):
        self.write("dataplane/base/c.h", "struct rh_c { int x; };\n")
        self.assert_finds(headers_alone, "c.h", "does not compile alone")


class HotSymbols(Sample):
    def compile(self, path, source):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        subprocess.run(["cc", "-c", "-O0", "-x", "c", "-", "-o", full], input=source, text=True, check=True)

    def test_allocation_locks_and_output_on_a_worker_are_found(self):
        for call, declared in (("malloc(8)", "#include <stdlib.h>"), ("printf(\"%p\", p)", "#include <stdio.h>"),
                               ("pthread_mutex_lock(p)", "#include <pthread.h>"), ("usleep(1)", "#include <unistd.h>")):
            with self.subTest(call=call):
                self.compile("dataplane/node/libdp_node.a.p/rx.c.o", f"{declared}\nvoid rx(void *p) {{ {call}; (void)p; }}\n")
                self.assert_finds(hot_symbols, "rx.c.o", call.split("(")[0])

    def test_a_build_without_objects_is_found(self):
        self.write("dataplane/node/rx.c", "int x;\n")
        self.assert_finds(hot_symbols, "no objects")

    def test_lookup_objects_are_read_and_control_side_ones_are_not(self):
        source = "#include <stdlib.h>\nvoid *build(void) { return malloc(8); }\n"
        self.compile("dataplane/match/libdp_match.a.p/trie_build.c.o", source)
        self.compile("dataplane/worker/libdp_worker.a.p/engine_ctl.c.o", source)
        self.assert_clean(hot_symbols)
        self.compile("dataplane/match/libdp_match.a.p/trie_lookup.c.o", source)
        self.assert_finds(hot_symbols, "trie_lookup.c.o", "malloc")


class FileRules(Sample):
    def test_a_long_file_is_found(self):
        self.write("dataplane/base/a.c", "int a;\n" * 600)
        self.assert_clean(file_rules)
        self.assertEqual(len(file_rules.warnings(self.root)), 1)
        self.write("dataplane/base/a.c", "int a;\n" * 601)
        self.assert_finds(file_rules, "a.c", "601 lines")

    def test_unfinished_marks_are_found(self):
        for mark in ("TO" + "DO", "FIX" + "ME", "X" + "XX", "place" + "holder"):
            with self.subTest(mark=mark):
                self.write("tools/demo", f"#!/bin/sh\n# {mark} later\n")
                self.assert_finds(file_rules, "tools/demo:2", mark)

    def test_a_mkstemp_template_is_no_mark(self):
        self.write("dataplane/base/a.c", 'char name[] = "/tmp/rhumb-XXXXXX";\n')
        self.assert_clean(file_rules)

    def test_a_path_of_one_machine_is_found(self):
        self.write("docs/a.md", "see /wo" + "rk/build\n")
        self.assert_finds(file_rules, "docs/a.md:1")


class ContextLines(Sample):
    def test_a_function_without_context_is_found(self):
        self.write("dataplane/api/a.h", "#pragma once\n\n/* Sum. Ctx: any. */\nint dp_a(int x,\n\tint y);\nint dp_b(void);\n")
        self.assert_clean(context_lines)
        self.write("dataplane/api/b.h", "#pragma once\n\n/* Ctx: any. */\nint dp_c(void);\n\n/* Sum. */\nint dp_d(int x,\n\tint y);\n")
        self.assert_finds(context_lines, "b.h:6", "dp_d()")


class DropReasons(Sample):
    def setUp(self):
        super().setUp()
        self.write("dataplane/api/drop.h", '#define DP_DROPS(X) \\\n\tX(EXPIRED, EVENT, "expired", "late") \\\n')
        self.write("dataplane/frame/status.h", '#define RH_FRAME_ERRORS(X) \\\n\tX(SHORT, "short", "few bytes") \\\n')

    def test_an_unexplained_reason_is_found(self):
        self.write("docs/operations.md", "| `expired` | late | | `short` | few |\n")
        self.assert_clean(drop_docs)
        self.write("docs/operations.md", "| `expired` | late |\n")
        self.assert_finds(drop_docs, "`short`")

    def test_a_missing_page_is_found(self):
        self.assert_finds(drop_docs, "is missing")

    def covers(self, *lines):
        self.write("tests/unit/dataplane/node/a_test.c", "".join(f"\t{line}\n" for line in lines))

    def test_reasons_seen_counted_pass(self):
        self.covers("cr_assert_eq(fx_dropped(events, EXPIRED), 1);", "is_dropped(&spec, DP_DROP_FRAME_SHORT);")
        self.assert_clean(drop_tests)

    def test_a_reason_that_no_test_sees_counted_is_found(self):
        seen = "cr_assert_eq(fx_dropped(events, EXPIRED), 1);"
        for other in ("cr_assert_eq(fx_dropped(datagrams, FRAME_SHORT), 0);", "int x = DP_DROP_FRAME_SHORT;",
                      "/* fx_dropped(datagrams, FRAME_SHORT) */",
                      "cr_assert_eq(fx_dropped(events, EXPIRED), 0, DP_DROP_FRAME_SHORT);"):
            with self.subTest(other=other):
                self.covers(seen, other)
                self.assert_finds(drop_tests, "FRAME_SHORT")

    def test_tables_without_rows_are_found(self):
        self.write("dataplane/api/drop.h", "")
        self.write("dataplane/frame/status.h", "")
        self.assert_finds(drop_tests, "no drop reasons")


class ScriptSyntax(Sample):
    def test_scripts_that_do_not_parse_are_found(self):
        self.write("tools/a.py", "print(1)\n")
        self.write("tools/b", "#!/bin/bash\ntrue\n", 0o755)
        self.assert_clean(script_syntax)
        self.write("tools/a.py", "print(1\n")
        self.assert_finds(script_syntax, "tools/a.py")
        self.write("tools/b", "#!/bin/bash\nif true; then\n", 0o755)
        self.assert_finds(script_syntax, "tools/b")

    def test_a_script_that_cannot_be_executed_is_found(self):
        self.write("tools/c", "#!/bin/sh\ntrue\n")
        self.assert_finds(script_syntax, "tools/c", "not executable")


class ReadmeFigures(Sample):
    def readme(self, *lines):
        self.write("README.md", "\n".join(["# R", "```", "tools/demo", "```", "text", "```", *lines, "demo: verdict: good", "```", ""]))

    def test_what_was_printed_passes_also_shortened(self):
        self.write("perf/results/d/demo.txt", "demo: playing 1\ndemo: playing 2\nrow 5\ndemo: verdict: good\n")
        self.readme("demo: playing 1", "row 5")
        self.assert_clean(readme_figures)

    def test_another_figure_or_order_is_found(self):
        self.write("perf/results/d/demo.txt", "demo: playing 1\nrow 5\ndemo: verdict: good\n")
        self.readme("row 6")
        self.assert_finds(readme_figures, "'row 6' was not printed in perf/results/d/demo.txt")
        self.readme("row 5", "demo: playing 1")
        self.assert_finds(readme_figures, "'demo: playing 1'")

    def test_no_result_and_no_block_are_found(self):
        self.readme("row 5")
        self.assert_finds(readme_figures, "demo.txt is missing")
        self.write("README.md", "# R\n")
        self.assert_finds(readme_figures, "no block")


if __name__ == "__main__":
    unittest.main()
