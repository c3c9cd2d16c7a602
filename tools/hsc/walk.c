#include "tools/hsc/walk.h"

#include <string.h>

/* A set with more members than these (".", "[^a]", "\W") says nothing about the payload that
 * hurts: it gets letters of the others. 63: \w is still one. */
#define WIDE 63
/* Enough to hold any run of a bounded repeat that a sample has room for. */
#define LETTERS_MAX 1024
/* Of a repeat without end, and of a long one at random. */
#define REPEAT_MOST   4096
#define REPEAT_SPREAD 64
/* Nodes visited for a byte: beyond it the walk is given up, so that deep nesting is no work. */
#define STEPS_A_BYTE 16
/* Written are whole rounds of a part, until they fill this part of the sample, which they are then repeated to fill. */
#define WRITTEN 4

struct walk {
	const struct hsc_tree *tree;
	enum hsc_walk_style style;
	uint8_t *out;
	size_t at, len, steps;
	uint64_t random;
	uint32_t turn;
	uint8_t letters[LETTERS_MAX];
	uint32_t letter_count;
};

static uint32_t random_below(struct walk *w, uint32_t bound)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)(w->random >> 32) % bound;
}

static void put(struct walk *w, uint8_t byte)
{
	if (w->at < w->len)
		w->out[w->at++] = byte;
}

static void walk_set(struct walk *w, const struct hsc_node *node)
{
	uint32_t n = 0;

	if (node->count > WIDE && w->letter_count) {
		if (w->style != HSC_WALK_LETTERS)
			put(w, w->letters[random_below(w, w->letter_count)]);
		return;
	}
	/* One of one is no choice, and turns nothing. */
	if (node->count > 1 && w->style == HSC_WALK_RANDOM)
		n = random_below(w, node->count);
	else if (node->count > 1 && w->style != HSC_WALK_SHORT)
		n = w->turn++ % node->count;
	put(w, hsc_node_member(node, n));
}

static uint32_t times(struct walk *w, const struct hsc_node *node)
{
	uint32_t most = node->max < REPEAT_MOST ? node->max : REPEAT_MOST, spread;

	if (!most)
		return 0;
	switch (w->style) {
	case HSC_WALK_SHORT:
		return node->min ? node->min : 1;
	case HSC_WALK_LONG:
		return most;
	case HSC_WALK_RANDOM:
		spread = node->max - node->min;
		spread = spread < REPEAT_SPREAD ? spread : REPEAT_SPREAD;
		return node->min + random_below(w, spread + 1);
	default:
		return 1;
	}
}

static void walk_node(struct walk *w, const struct hsc_node *node);

static void walk_child(struct walk *w, const struct hsc_node *node, uint32_t n)
{
	uint32_t i = node->first;

	w->steps += n / STEPS_A_BYTE;
	while (n--)
		i = w->tree->nodes[i].next;
	walk_node(w, &w->tree->nodes[i]);
}

static void walk_children(struct walk *w, const struct hsc_node *node, uint32_t count)
{
	uint32_t i = node->first;

	for (; count-- && i != HSC_NODE_NONE && w->at < w->len; i = w->tree->nodes[i].next)
		walk_node(w, &w->tree->nodes[i]);
}

static void walk_branch(struct walk *w, const struct hsc_node *node)
{
	if (w->style == HSC_WALK_LETTERS)
		walk_children(w, node, node->count);
	else if (w->style == HSC_WALK_SHORT)
		walk_child(w, node, 0);
	else if (w->style == HSC_WALK_LONG)
		walk_child(w, node, w->turn++ % node->count);
	else
		walk_child(w, node, random_below(w, node->count));
}

/* What writes nothing once is not asked again: a repeat of empty repeats has no end. */
static void walk_repeat(struct walk *w, const struct hsc_node *node)
{
	uint32_t count = times(w, node);
	size_t before;

	while (count-- && w->at < w->len) {
		before = w->at;
		walk_child(w, node, 0);
		if (w->at == before)
			return;
	}
}

static void walk_node(struct walk *w, const struct hsc_node *node)
{
	if (w->steps++ > w->len * STEPS_A_BYTE)
		return;
	switch (node->kind) {
	case HSC_NODE_SET:
		walk_set(w, node);
		break;
	case HSC_NODE_CAT:
		walk_children(w, node, node->count);
		break;
	case HSC_NODE_ALT:
		walk_branch(w, node);
		break;
	case HSC_NODE_REPEAT:
		walk_repeat(w, node);
		break;
	case HSC_NODE_EMPTY:
		break;
	}
}

/* The letters of the whole pattern: narrow sets everywhere, in order. */
static void letters_collect(struct walk *w)
{
	struct walk all = {.tree = w->tree, .out = w->letters, .len = LETTERS_MAX};

	/* Not empty, so that wide sets write nothing. */
	all.letter_count = 1;
	walk_node(&all, &w->tree->nodes[w->tree->root]);
	w->letter_count = (uint32_t)all.at;
}

static void part_write(struct walk *w, const struct hsc_part *part)
{
	const struct hsc_node *node = &w->tree->nodes[part->node];

	if (part->count < node->count)
		walk_children(w, node, part->count);
	else
		walk_node(w, node);
}

/* Its letters once, in order, then at random for as long and a while. */
static void part_shuffle(struct walk *w, const struct hsc_part *part)
{
	uint32_t count;
	size_t enough;

	w->style = HSC_WALK_LETTERS;
	part_write(w, part);
	count = (uint32_t)w->at;
	enough = count + (count > w->len / WRITTEN ? count : w->len / WRITTEN);
	while (count && w->at < w->len && w->at < enough)
		put(w, w->out[random_below(w, count)]);
}

/* Whole rounds. Without a choice in one the next would be the same, and otherwise a while of them will do: to write is
 * dearer than to scan. False: it writes nothing, or is given up. */
static bool rounds(struct walk *w, const struct hsc_part *part)
{
	uint64_t random = w->random;
	size_t before;

	do {
		before = w->at;
		part_write(w, part);
	} while (w->at != before && w->at < w->len / WRITTEN && (w->turn || w->random != random));
	return w->at != before;
}

/* What was written, over and over. */
static void repeat(struct walk *w)
{
	for (size_t period = w->at, i = period; i < w->len; i += period)
		memcpy(w->out + i, w->out, period < w->len - i ? period : w->len - i);
	w->at = w->len;
}

bool hsc_walk(const struct hsc_tree *tree, const struct hsc_part *part, enum hsc_walk_style style,
	uint8_t *out, size_t len)
{
	struct walk w = {.tree = tree, .out = out, .len = len, .random = 0x9e3779b97f4a7c15ULL};

	letters_collect(&w);
	w.style = style;
	if (style == HSC_WALK_SHUFFLE)
		part_shuffle(&w, part);
	if (!w.at && !rounds(&w, part))
		return false;
	repeat(&w);
	return true;
}

struct parts {
	const struct hsc_tree *tree;
	struct hsc_part *out;
	uint32_t count;
};

static void part_add(struct parts *p, uint32_t node, uint32_t count)
{
	if (p->count < HSC_PARTS_MAX && count)
		p->out[p->count++] = (struct hsc_part){node, count};
}

/* A node whole, and the beginnings of a sequence. */
static void parts_of(struct parts *p, uint32_t i)
{
	const struct hsc_node *node = &p->tree->nodes[i];
	uint32_t n = node->count;

	if (node->kind != HSC_NODE_CAT && node->kind != HSC_NODE_ALT)
		return;
	part_add(p, i, n);
	if (node->kind == HSC_NODE_ALT || n < 2)
		return;
	part_add(p, i, n - 1);
	if (n > 2)
		part_add(p, i, n - 2);
	if (n > 4)
		part_add(p, i, n / 2);
	if (n > 8)
		part_add(p, i, n / 4);
}

uint32_t hsc_parts(const struct hsc_tree *tree, struct hsc_part *out)
{
	struct parts p = {tree, out, 0};
	uint32_t stride = 1 + tree->count / (HSC_PARTS_MAX * 8), other;

	if (tree->nodes[tree->root].kind == HSC_NODE_REPEAT ||
		tree->nodes[tree->root].kind == HSC_NODE_SET)
		part_add(&p, tree->root, tree->nodes[tree->root].count);
	parts_of(&p, tree->root);
	/* Outer ones were added behind their inner ones: the inner ones are the loops. A long
	 * pattern shows one in @stride. */
	for (uint32_t i = 0; i < tree->count; i += stride) {
		other = i;
		while (other < tree->count && other < i + stride &&
			tree->nodes[other].kind != HSC_NODE_CAT &&
			tree->nodes[other].kind != HSC_NODE_ALT)
			other++;
		if (other < tree->count && other < i + stride && other != tree->root)
			parts_of(&p, other);
	}
	return p.count;
}
