// SPDX-License-Identifier: GPL-2.0
/*
 * slots.c: tables that the lowest node makes, or refuses to make, and tables that others take
 * over or do not (recovery.md 4).  In doubt there is no table, and recovery goes on.
 */
#include "rnet.h"

#define NODES	3

/* what the members say, and what becomes of it; node 1 leads */
struct assigned {
	const char	*name;
	u16		former[NODES];	/* table of the last recovery, 0: none */
	u16		says[NODES];	/* slots that they claim */
	u32		generation[NODES];
	u16		slot[NODES];	/* the new table, 0: none */
	u32		next;		/* generation */
};

static const struct assigned assigned[] = {
	{ "all new", {}, { 0, 0, 0 }, { 0, 0, 0 }, { 1, 2, 3 }, 1 },
	{ "all stay", { 1, 2, 3 }, { 1, 2, 3 }, { 5, 5, 5 }, { 1, 2, 3 }, 6 },
	{ "gaps are filled", { 4, 0, 2 }, { 4, 0, 2 }, { 5, 0, 5 }, { 4, 1, 2 }, 6 },
	{ "the highest generation counts", {}, { 0, 1, 2 }, { 3, 9, 8 }, { 3, 1, 2 }, 10 },
	{ "generation lost", {}, { 0, 0, 1 }, { 0, 0, 0 }, { 2, 3, 1 }, 1 },
	{ "generation at its end", {}, { 1, 2, 3 }, { 1, 0xffffffff, 1 }, { 1, 2, 3 }, 1 },
	{ "two claim one slot", {}, { 1, 2, 2 }, { 5, 5, 5 }, { }, 6 },
	{ "one claims ours", {}, { 1, 0, 1 }, { 5, 5, 5 }, { }, 6 },
	{ "slot changed", { 1, 2, 3 }, { 1, 3, 2 }, { 5, 5, 5 }, { }, 6 },
	{ "slot forgotten", { 1, 2, 3 }, { 1, 0, 3 }, { 5, 0, 5 }, { 1, 2, 3 }, 6 },
	{ "highest number", {}, { 0, 65535, 1 }, { 1, 1, 1 }, { 2, 65535, 1 }, 2 },
};

static void assigned_desc(const struct assigned *a, char *desc)
{
	strscpy(desc, a->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(assigned, assigned, assigned_desc);

/* three nodes that are stopped; what node 1 knows of slots is @slots */
static struct dlm_recovery *stopped(struct kunit *test, const u16 *slots)
{
	struct r_world *r = test->priv;
	struct dlm_recovery *rec;
	int i, n = 0;

	r_nodes(r, NODES);
	r_start_all(r);
	r_run(r);
	r_all_running(r);
	r_stop_all(r);
	rec = r->host[1].ls->recovery;
	mutex_lock(&rec->lock);
	for (i = 0; i < NODES; i++) {
		if (!slots[i])
			continue;
		rec->slots[n].nodeid = i + 1;
		rec->slots[n++].slot = slots[i];
	}
	rec->former = n;
	rec->our_slot = slots[0];
	mutex_unlock(&rec->lock);
	return rec;
}

static u16 slot_in(const struct dlm_recovery *rec, int nodeid)
{
	unsigned int i;

	for (i = 0; i < rec->nslots; i++)
		if (rec->slots[i].nodeid == nodeid)
			return rec->slots[i].slot;
	return 0;
}

/* locking works with or without a table */
static void goes_on(struct kunit *test)
{
	struct r_world *r = test->priv;

	r_start_all(r);
	r_run(r);
	r_all_running(r);
}

static void assign(struct kunit *test)
{
	const struct assigned *a = test->param_value;
	struct dlm_recovery *rec = stopped(test, a->former);
	int i;

	mutex_lock(&rec->lock);
	rec->ls->generation = a->generation[0];
	for (i = 0; i < NODES; i++) {
		rec->peers[i].minor = 2;
		rec->peers[i].slot = a->says[i];
		rec->peers[i].generation = a->generation[i];
	}
	KUNIT_EXPECT_EQ(test, dlm_slots_assign(rec), 0);
	for (i = 0; i < NODES; i++)
		KUNIT_EXPECT_EQ_MSG(test, slot_in(rec, i + 1), a->slot[i], "node %d", i + 1);
	KUNIT_EXPECT_EQ(test, rec->ls->generation, a->next);
	dlm_slots_void(rec);
	mutex_unlock(&rec->lock);
	goes_on(test);
}

/* a member that knows no slots: nobody has one */
static void no_slots_there(struct kunit *test)
{
	static const u16 former[NODES] = { 1, 2, 3 };
	struct dlm_recovery *rec = stopped(test, former);
	int i;

	mutex_lock(&rec->lock);
	for (i = 0; i < NODES; i++) {
		rec->peers[i].minor = i == 2 ? 0 : 2;
		rec->peers[i].slot = i + 1;
	}
	KUNIT_EXPECT_EQ(test, dlm_slots_assign(rec), 0);
	KUNIT_EXPECT_EQ(test, rec->nslots, 0U);
	mutex_unlock(&rec->lock);
	goes_on(test);
}

/* a table as the lowest node sends it to node 1, whose slot was 1 or 0 */
struct copied {
	const char	*name;
	u16		ours;
	u32		generation;	/* sent; node 1 has 5 */
	unsigned int	n;
	struct {
		int	nodeid;
		u16	slot;
	}		sent[4];
	bool		used;
	u16		slot;		/* ours, afterwards */
	u32		next;
};

static const struct copied copied[] = {
	{ "good", 1, 6, 3, { { 1, 1 }, { 2, 2 }, { 3, 3 } }, true, 1, 6 },
	{ "first time", 0, 6, 3, { { 1, 7 }, { 2, 2 }, { 3, 3 } }, true, 7, 6 },
	{ "no table", 1, 6, 0, { }, false, 1, 6 },
	{ "old generation", 1, 4, 3, { { 1, 1 }, { 2, 2 }, { 3, 3 } }, true, 1, 4 },
	{ "no generation", 1, 0, 3, { { 1, 1 }, { 2, 2 }, { 3, 3 } }, true, 1, 6 },
	{ "our slot changed", 1, 6, 3, { { 1, 4 }, { 2, 2 }, { 3, 3 } }, false, 1, 6 },
	{ "we are absent", 1, 6, 2, { { 2, 2 }, { 3, 3 } }, false, 1, 6 },
	{ "another is absent", 1, 6, 2, { { 1, 1 }, { 3, 3 } }, false, 1, 6 },
	{ "slot 0", 1, 6, 3, { { 1, 1 }, { 2, 0 }, { 3, 3 } }, false, 1, 6 },
	{ "slot twice", 1, 6, 3, { { 1, 1 }, { 2, 3 }, { 3, 3 } }, false, 1, 6 },
	{ "ours twice", 0, 6, 3, { { 1, 1 }, { 2, 1 }, { 3, 3 } }, false, 0, 6 },
	{ "node twice", 1, 6, 4, { { 1, 1 }, { 2, 2 }, { 3, 3 }, { 2, 4 } }, false, 1, 6 },
	{ "a stranger", 1, 6, 4, { { 1, 1 }, { 2, 2 }, { 3, 3 }, { 9, 4 } }, true, 1, 6 },
};

static void copied_desc(const struct copied *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(copied, copied, copied_desc);

static void copy(struct kunit *test)
{
	const struct copied *c = test->param_value;
	u16 former[NODES] = { c->ours };
	struct dlm_recovery *rec = stopped(test, former);
	struct dlm_w_slot in[4] = { };
	unsigned int i;

	for (i = 0; i < c->n; i++) {
		in[i].nodeid = cpu_to_le32(c->sent[i].nodeid);
		in[i].slot = cpu_to_le16(c->sent[i].slot);
	}
	mutex_lock(&rec->lock);
	rec->ls->generation = 5;
	KUNIT_EXPECT_EQ(test, dlm_slots_copy(rec, c->generation, in, c->n), 0);
	KUNIT_EXPECT_EQ(test, rec->nslots, c->used ? c->n : 0U);
	KUNIT_EXPECT_EQ(test, rec->our_slot, c->slot);
	KUNIT_EXPECT_EQ(test, rec->ls->generation, c->next);
	dlm_slots_void(rec);
	mutex_unlock(&rec->lock);
	goes_on(test);
}

static struct kunit_case slots_cases[] = {
	KUNIT_CASE_PARAM(assign, assigned_gen_params),
	KUNIT_CASE(no_slots_there),
	KUNIT_CASE_PARAM(copy, copied_gen_params),
	{ }
};

static struct kunit_suite slots_suite = {
	.name = "dlm_slots",
	.init = r_init,
	.exit = r_exit,
	.test_cases = slots_cases,
};

kunit_test_suite(slots_suite);
