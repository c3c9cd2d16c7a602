/*
 * What TSAN may not say about liburcu: it is not instrumented (its allocations and futex hand-offs
 * look unordered), and its wake-up flag is a plain field by design. dataplane/base/rcu.h annotates
 * what it orders for us.
 */

const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
	return "race:liburcu-qsbr.so\n"
	       "race:urcu_qsbr_wake_up_gp\n";
}
