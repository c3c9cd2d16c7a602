#include "tools/hsc/byte_set.h"

#include "dataplane/base/compiler.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void hsc_byte_set_add(struct hsc_byte_set *set, uint8_t byte)
{
	set->bits[byte / 64] |= 1ULL << byte % 64;
}

void hsc_byte_set_invert(struct hsc_byte_set *set)
{
	for (unsigned i = 0; i < RH_ARRAY_LEN(set->bits); i++)
		set->bits[i] = ~set->bits[i];
}

uint32_t hsc_byte_set_count(const struct hsc_byte_set *set)
{
	uint32_t count = 0;

	for (unsigned i = 0; i < RH_ARRAY_LEN(set->bits); i++)
		count += (uint32_t)__builtin_popcountll(set->bits[i]);
	return count;
}

static int is_word(int c)
{
	return isalnum(c) || c == '_';
}

static const struct {
	const char *name;
	int (*holds)(int c);
} classes[] = {
	{"alnum", isalnum},
	{"alpha", isalpha},
	{"blank", isblank},
	{"cntrl", iscntrl},
	{"digit", isdigit},
	{"graph", isgraph},
	{"lower", islower},
	{"print", isprint},
	{"punct", ispunct},
	{"space", isspace},
	{"upper", isupper},
	{"xdigit", isxdigit},
	{"word", is_word},
};

static void add_if(struct hsc_byte_set *set, int (*holds)(int c), bool wanted)
{
	for (int c = 0; c < 256; c++) {
		if ((c < 128 && holds(c)) == wanted)
			hsc_byte_set_add(set, (uint8_t)c);
	}
}

static uint8_t control_of(char c)
{
	static const char names[] = "ntrfaev", bytes[] = "\n\t\r\f\a\x1b\v";
	const char *found = strchr(names, c);

	return (uint8_t)(found && c ? bytes[found - names] : c);
}

static const char *hex(struct hsc_byte_set *set, const char *at)
{
	char digits[3] = {0};
	char *end;

	if (*at == '{') {
		hsc_byte_set_add(set, (uint8_t)strtoul(at + 1, &end, 16));
		return end + (*end == '}');
	}
	for (int i = 0; i < 2 && isxdigit((unsigned char)*at); i++)
		digits[i] = *at++;
	hsc_byte_set_add(set, (uint8_t)strtoul(digits, NULL, 16));
	return at;
}

static const char *octal(struct hsc_byte_set *set, const char *at)
{
	unsigned value = 0;

	for (int i = 0; i < 3 && *at >= '0' && *at <= '7'; i++)
		value = value * 8 + (unsigned)(*at++ - '0');
	hsc_byte_set_add(set, (uint8_t)value);
	return at;
}

const char *hsc_byte_set_escape(struct hsc_byte_set *set, const char *at)
{
	char c = *at;

	if (!c)
		return at;
	at++;
	switch (c) {
	case 'd':
	case 'D':
		add_if(set, isdigit, c == 'd');
		return at;
	case 'w':
	case 'W':
		add_if(set, is_word, c == 'w');
		return at;
	case 's':
	case 'S':
		add_if(set, isspace, c == 's');
		return at;
	case 'h':
	case 'H':
		add_if(set, isblank, c == 'h');
		return at;
	case 'N':
		add_if(set, iscntrl, false);
		return at;
	case 'x':
		return hex(set, at);
	case 'c':
		hsc_byte_set_add(set, (uint8_t)(toupper((unsigned char)*at) ^ 0x40));
		return at + (*at != 0);
	default:
		if (c >= '0' && c <= '7')
			return octal(set, at - 1);
		hsc_byte_set_add(set, control_of(c));
		return at;
	}
}

/* "[:name:]" at @at, the bracket included; NULL when it is none. */
static const char *posix(struct hsc_byte_set *set, const char *at)
{
	bool wanted = at[2] != '^';
	const char *name = at + 2 + !wanted;

	for (size_t i = 0; i < RH_ARRAY_LEN(classes); i++) {
		size_t len = strlen(classes[i].name);

		if (!strncmp(name, classes[i].name, len) && !strncmp(name + len, ":]", 2)) {
			add_if(set, classes[i].holds, wanted);
			return name + len + 2;
		}
	}
	return NULL;
}

/* One byte, set or escape of a class; *low is its byte, or -1 when no range can begin here. */
static const char *member(struct hsc_byte_set *set, const char *at, int *low)
{
	struct hsc_byte_set one = {0};
	const char *next;

	*low = -1;
	if (at[0] == '[' && at[1] == ':' && (next = posix(set, at)))
		return next;
	if (at[0] == '\\' && at[1] == 'b') {
		hsc_byte_set_add(set, '\b');
		return at + 2;
	}
	if (at[0] == '\\')
		at = hsc_byte_set_escape(&one, at + 1);
	else
		hsc_byte_set_add(&one, (uint8_t)*at++);
	for (unsigned i = 0; i < RH_ARRAY_LEN(one.bits); i++)
		set->bits[i] |= one.bits[i];
	for (int c = 0; c < 256 && hsc_byte_set_count(&one) == 1 && *low < 0; c++)
		*low = one.bits[c / 64] >> c % 64 & 1 ? c : -1;
	return at;
}

const char *hsc_byte_set_class(struct hsc_byte_set *set, const char *at)
{
	bool inverted = *at == '^', first = true;
	int low, high;

	at += inverted;
	for (; *at && (first || *at != ']'); first = false) {
		at = member(set, at, &low);
		if (low < 0 || at[0] != '-' || !at[1] || at[1] == ']')
			continue;
		at = member(set, at + 1, &high);
		for (int c = low; c <= high; c++)
			hsc_byte_set_add(set, (uint8_t)c);
	}
	if (inverted)
		hsc_byte_set_invert(set);
	return at + (*at == ']');
}
