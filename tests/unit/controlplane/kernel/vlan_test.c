#include "controlplane/kernel/vlan.h"

#include <criterion/criterion.h>

static const uint8_t tagged[22] = {1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0x81, 0, 0xa0, 0x64, 8, 0, 'a', 'b', 'c',
	'd'};

Test(vlan, the_id_is_read_without_priority)
{
	cr_assert_eq(cp_vlan_of(tagged, sizeof(tagged)), 100);
}

Test(vlan, short_or_untagged_frames_have_none)
{
	static const uint8_t plain[60] = {[12] = 8};

	cr_assert_eq(cp_vlan_of(plain, sizeof(plain)), DP_VLAN_NONE);
	for (uint32_t len = 0; len < 18; len++)
		cr_assert_eq(cp_vlan_of(tagged, len), DP_VLAN_NONE, "%u", len);
}

Test(vlan, strip_and_insert_are_inverse)
{
	uint8_t buffer[4 + sizeof(tagged)], *frame;
	uint32_t len = cp_vlan_strip(tagged, sizeof(tagged), buffer + 4);

	cr_assert_eq(len, sizeof(tagged) - 4);
	cr_assert_eq(buffer[4 + 12], 8);
	frame = cp_vlan_insert(buffer + 4, 100);
	cr_assert_eq(frame[14], 0, "priority 0: the kernel's own frames ask for none");
	frame[14] = 0xa0;
	cr_assert_arr_eq(frame, tagged, sizeof(tagged));
}
