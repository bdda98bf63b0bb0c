// SPDX-License-Identifier: GPL-2.0
/*
 * Slots: small numbers that members keep as long as they stay, and the generation
 * that goes up with each recovery (recovery.md 4).
 *
 * The lowest node makes the table and shows it together with DLM_RS_NODES_ALL; the
 * others copy it.  Filesystems use slots as journal numbers, so in doubt there is
 * no table at all.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>
#include "recover.h"

#define LINE	256

/* "generation 3 slots 2 1:1 2:2", for people and their scripts */
static void say_slots(const struct dlm_recovery *rec)
{
	char line[LINE] = "";
	unsigned int i;
	int at = 0;

	for (i = 0; i < rec->nslots && at < LINE - 1; i++)
		at += scnprintf(line + at, LINE - at, " %d:%d",
				rec->slots[i].slot, rec->slots[i].nodeid);
	dlm_ls_info(rec->ls, "generation %u slots %u%s\n",
		    rec->ls->generation, rec->nslots, line);
}

/**
 * dlm_slots_void - there is no valid table any more
 * @rec: recovery, locked
 *
 * Who had which slot is still remembered.
 */
void dlm_slots_void(struct dlm_recovery *rec)
{
	if (rec->nslots)
		rec->former = rec->nslots;
	rec->nslots = 0;
}

static void use_table(struct dlm_recovery *rec, struct dlm_slot *slots,
		      unsigned int n)
{
	kfree(rec->slots);
	rec->slots = slots;
	rec->nslots = n;
	rec->former = 0;
	say_slots(rec);
}

static u32 next_generation(const struct dlm_recovery *rec)
{
	u32 max = rec->ls->generation;
	unsigned int i;

	for (i = 0; i < rec->npeers; i++)
		max = max_t(u32, max, rec->peers[i].generation);
	return max + 1 ?: 1;
}

/* false if what @p says contradicts the former table */
static bool slot_known(const struct dlm_recovery *rec, const struct dlm_rpeer *p)
{
	unsigned int i;

	for (i = 0; i < rec->former; i++)
		if (rec->slots[i].nodeid == p->conf.nodeid)
			return rec->slots[i].slot == p->slot;
	return true;
}

/* may there be a table? @used gets the slots that are taken */
static bool slots_agree(const struct dlm_recovery *rec, unsigned long *used)
{
	const struct dlm_rpeer *p;

	for (p = rec->peers; p < rec->peers + rec->npeers; p++) {
		if (!p->minor && !dlm_is_us(rec, p)) {
			dlm_ls_info(rec->ls, "node %d knows no slots\n",
				    p->conf.nodeid);
			return false;
		}
		if (!p->slot)
			continue;
		if (!slot_known(rec, p) || test_and_set_bit(p->slot, used)) {
			pr_err("dlm: %s: node %d claims slot %u\n",
			       rec->ls->name, p->conf.nodeid, p->slot);
			return false;
		}
	}
	return true;
}

/**
 * dlm_slots_assign - the lowest node gives each member a slot
 * @rec: recovery, locked; all members told theirs, 0 for none yet
 *
 * Members keep what they have, the others get the lowest free numbers in ascending
 * order of node ids. Contradictions: no table; locking works without.
 *
 * Context: sleeps for memory.
 * Return: 0 or -ENOMEM.
 */
int dlm_slots_assign(struct dlm_recovery *rec)
{
	unsigned int i, free = 1, n = rec->npeers;
	struct dlm_slot *slots;
	unsigned long *used;

	used = bitmap_zalloc(U16_MAX + 1, GFP_NOIO);
	slots = kcalloc(n, sizeof(*slots), GFP_NOIO);
	if (!used || !slots) {
		bitmap_free(used);
		kfree(slots);
		return -ENOMEM;
	}
	if (!slots_agree(rec, used))
		n = 0;
	for (i = 0; i < n; i++) {
		struct dlm_rpeer *p = &rec->peers[i];

		if (!p->slot) {
			free = find_next_zero_bit(used, U16_MAX + 1, free);
			p->slot = free++;
		}
		slots[i].nodeid = p->conf.nodeid;
		slots[i].slot = p->slot;
		if (dlm_is_us(rec, p))
			rec->our_slot = p->slot;
	}
	bitmap_free(used);
	rec->ls->generation = next_generation(rec);
	use_table(rec, slots, n);
	return 0;
}

static const struct dlm_slot *slot_of(const struct dlm_slot *slots,
				      unsigned int n, int nodeid)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (slots[i].nodeid == nodeid)
			return &slots[i];
	return NULL;
}

/* has each member one slot, and each slot one node? */
static bool table_complete(const struct dlm_recovery *rec,
			   const struct dlm_slot *slots, unsigned int n)
{
	const struct dlm_slot *s;
	unsigned int i, j;

	for (i = 0; i < rec->npeers; i++) {
		s = slot_of(slots, n, rec->peers[i].conf.nodeid);
		if (s && s->slot)
			continue;
		pr_err("dlm: %s: no slot for node %d, table ignored\n",
		       rec->ls->name, rec->peers[i].conf.nodeid);
		return false;
	}
	for (i = 0; i < n; i++) {
		for (j = 0; j < i; j++) {
			if (slots[i].slot != slots[j].slot &&
			    slots[i].nodeid != slots[j].nodeid)
				continue;
			pr_err("dlm: %s: nodes %d and %d have slots %u and %u, table ignored\n",
			       rec->ls->name, slots[i].nodeid, slots[j].nodeid,
			       slots[i].slot, slots[j].slot);
			return false;
		}
	}
	return true;
}

/* what the lowest node must not do; our slot if the table is good, else 0 */
static u16 judge_table(const struct dlm_recovery *rec,
		       const struct dlm_slot *slots, unsigned int n)
{
	u16 ours;

	if (!table_complete(rec, slots, n))
		return 0;
	ours = slot_of(slots, n, rec->ls->node->nodeid)->slot;
	if (rec->our_slot && ours != rec->our_slot) {
		pr_err("dlm: %s: our slot changed from %u to %u, table ignored\n",
		       rec->ls->name, rec->our_slot, ours);
		ours = 0;
	}
	return ours;
}

/**
 * dlm_slots_copy - take over the table of the lowest node
 * @rec: recovery, locked
 * @generation: as the lowest node says
 * @in: its table, as on the wire
 * @n: entries; 0 if there is none
 *
 * Context: sleeps for memory.
 * Return: 0 or -ENOMEM. A table that makes no sense is logged and not used.
 */
int dlm_slots_copy(struct dlm_recovery *rec, u32 generation,
		   const struct dlm_w_slot *in, unsigned int n)
{
	struct dlm_ls *ls = rec->ls;
	struct dlm_slot *slots;
	unsigned int i;
	u16 ours;

	slots = kcalloc(max(n, 1U), sizeof(*slots), GFP_NOIO);
	if (!slots)
		return -ENOMEM;
	if (generation <= ls->generation)
		pr_err("dlm: %s: generation %u follows %u\n", ls->name,
		       generation, ls->generation);
	ls->generation = generation ?: ls->generation + 1;
	for (i = 0; i < n; i++) {
		slots[i].nodeid = le32_to_cpu(in[i].nodeid);
		slots[i].slot = le16_to_cpu(in[i].slot);
		if (!dlm_rpeer_find(rec, slots[i].nodeid))
			pr_err("dlm: %s: slot %d for node %d, which is no member\n",
			       ls->name, slots[i].slot, slots[i].nodeid);
	}
	ours = n ? judge_table(rec, slots, n) : 0;
	if (!ours) {
		kfree(slots);
		return 0;
	}
	rec->our_slot = ours;
	use_table(rec, slots, n);
	return 0;
}
