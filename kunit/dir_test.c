// SPDX-License-Identifier: GPL-2.0
/*
 * The directory between nodes: LOOKUP, REQUEST and REMOVE row by row (messages.md 5.1, 6.1,
 * 13), ageing, and the races of forgetting.
 */
#include "cluster.h"

/* --- hash and array ----------------------------------------------------- */

static void hashes(struct kunit *test)
{
	static const struct {
		const char	*name;
		u32		hash;
	} rows[] = {
		{ "", 0xdeadbeef },
		{ "a", 0x58d68708 },
		{ "foo", 0xe18f6896 },
		{ "testres", 0x9162d200 },
		{ "abcdefghijkl", 0x4012f87b },
		{ "abcdefghijklm", 0x928128f9 },
		{ "       2               18", 0x9461ed62 },
		{ "012345678901234567890123456789012345678901234567890123456789abcd",
		  0x2f711150 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, dlm_dir_hash(rows[i].name, strlen(rows[i].name)),
				    rows[i].hash, "%s", rows[i].name);
}

static void array(struct kunit *test)
{
	static const struct {
		struct dlm_member	m[3];
		unsigned int		count;
		unsigned int		total;
		int			array[8];
	} rows[] = {
		{ { { 1, 1 } }, 1, 1, { 1 } },
		{ { { 1, 1 }, { 2, 1 }, { 7, 1 } }, 3, 3, { 1, 2, 7 } },
		{ { { 1, 2 }, { 2, 0 }, { 3, 3 } }, 3, 5, { 1, 1, 3, 3, 3 } },
		{ { { 4, 0 }, { 5, 0 } }, 2, 2, { 4, 5 } },
		{ { { 4, 0 }, { 5, 1 } }, 2, 1, { 5 } },
	};
	int i, array[8];

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		KUNIT_EXPECT_EQ(test, dlm_node_array(rows[i].m, rows[i].count, NULL),
				rows[i].total);
		KUNIT_EXPECT_EQ(test, dlm_node_array(rows[i].m, rows[i].count, array),
				rows[i].total);
		KUNIT_EXPECT_EQ_MSG(test, memcmp(array, rows[i].array,
						 rows[i].total * sizeof(int)), 0,
				    "row %d", i);
	}
}

/* --- one message to node 2, and what it answers ------------------------- */

#define OUR_ID	77

static void fake(struct c_world *c, int from, enum dlm_msg_type type,
		 const char *name, u32 hash)
{
	struct dlm_w_msg msg = {
		.type = cpu_to_le32(type),
		.lkid = cpu_to_le32(OUR_ID),
		.rqmode = cpu_to_le32(PR),
		.grmode = cpu_to_le32(-1),
		.asts = cpu_to_le32(DLM_WIRE_AST | DLM_WIRE_BAST),
		.hash = cpu_to_le32(hash),
	};

	c_forget(c);
	c_inject(c, from, 2, &msg, name, strlen(name));
	/* on the wire, but the other node does not know of the lock and ignores it */
	while (c_step(c, 2, from))
		;
}

static void expect_reply(struct c_world *c, enum dlm_msg_type type, int result,
			 int nodeid, int line)
{
	const struct c_msg *m = c_last(c, type);
	struct kunit *test = c->test;

	if (!m)
		return;
	KUNIT_EXPECT_EQ_MSG(test, (int)le32_to_cpu(m->msg.result), result,
			    "line %d", line);
	if (type == DLM_MSG_LOOKUP_REPLY) {
		KUNIT_EXPECT_EQ_MSG(test, (int)le32_to_cpu(m->msg.nodeid), nodeid,
				    "line %d", line);
		/* the one reply that has the requester's id elsewhere */
		KUNIT_EXPECT_EQ_MSG(test, le32_to_cpu(m->msg.lkid), (u32)OUR_ID,
				    "line %d", line);
		KUNIT_EXPECT_EQ_MSG(test, le32_to_cpu(m->msg.remid), 0U,
				    "line %d", line);
	} else {
		KUNIT_EXPECT_EQ_MSG(test, le32_to_cpu(m->msg.remid), (u32)OUR_ID,
				    "line %d", line);
	}
	if (type == DLM_MSG_REQUEST_REPLY && result) {
		KUNIT_EXPECT_EQ_MSG(test, le32_to_cpu(m->msg.lkid), 0U, "line %d", line);
		KUNIT_EXPECT_EQ_MSG(test, le32_to_cpu(m->msg.hash), 0U, "line %d", line);
		KUNIT_EXPECT_EQ_MSG(test, m->len, (unsigned int)sizeof(m->msg), "line %d",
				    line);
	}
	KUNIT_EXPECT_EQ_MSG(test, c->logged, 1U, "line %d", line);
}

#define t_reply(c, type, result, nodeid) \
	expect_reply(c, DLM_MSG_##type, result, nodeid, __LINE__)

/* give node 2 an entry for @name: inactive, or active with a lock that has no end */
static void entry(struct c_world *c, const char *name, int master, bool active)
{
	struct dlm_lkb *lkb = active ? dlm_mstcpy_alloc() : NULL;
	struct dlm_ls *ls = c_ls(c, 2);
	struct dlm_op op = { };
	struct dlm_rsb *r;

	KUNIT_ASSERT_TRUE(c->test, lkb || !active);
	r = dlm_rsb_lock(ls, &op, name, strlen(name));
	KUNIT_ASSERT_FALSE(c->test, IS_ERR(r));
	r->nodeid = master;
	if (active) {
		KUNIT_ASSERT_EQ(c->test, dlm_mstcpy_attach(r, lkb, 3, 99), 0);
		dlm_lkb_move(lkb, DLM_LKSTS_WAITING);
		dlm_lkb_move(lkb, DLM_LKSTS_GRANTED);
		lkb->grmode = NL;
	}
	dlm_rsb_unlock(r);
}

static void use(struct c_world *c, int node, const char *name)
{
	struct t_lock *l = c_new(c, node, name);

	c_lock(l, PR, 0, 0);
	c_unlock(l, 0);
	c_forget(c);
}

/* messages.md 5.1 */
static void lookup_rows(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name;
	u8 longer[65] = { };

	/* not the directory node */
	name = c_name(c, 1);
	fake(c, 1, DLM_MSG_LOOKUP, name, 0);
	t_reply(c, LOOKUP_REPLY, -EINVAL, -1);
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), -2);

	/* no entry: the one who asks is master */
	name = c_name(c, 2);
	fake(c, 3, DLM_MSG_LOOKUP, name, 0);
	t_reply(c, LOOKUP_REPLY, 0, 3);
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), 3);

	/* there is one now */
	fake(c, 1, DLM_MSG_LOOKUP, name, 0);
	t_reply(c, LOOKUP_REPLY, 0, 3);
	fake(c, 3, DLM_MSG_LOOKUP, name, 0);
	t_reply(c, LOOKUP_REPLY, 0, 3);

	/* nobody knows */
	name = c_name(c, 2);
	entry(c, name, DLM_MASTER_UNKNOWN, true);
	fake(c, 1, DLM_MSG_LOOKUP, name, 0);
	t_reply(c, LOOKUP_REPLY, 0, 1);
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), 1);

	/* we are: the question is a request */
	name = c_name(c, 2);
	entry(c, name, 0, true);
	fake(c, 1, DLM_MSG_LOOKUP, name, 0);
	t_reply(c, REQUEST_REPLY, 0, 0);

	/* a name that is too long */
	{
		struct dlm_w_msg msg = {
			.type = cpu_to_le32(DLM_MSG_LOOKUP),
			.lkid = cpu_to_le32(OUR_ID),
		};

		c_forget(c);
		c_inject(c, 1, 2, &msg, longer, sizeof(longer));
		c_step(c, 2, 1);
		t_reply(c, LOOKUP_REPLY, -EINVAL, -1);
	}
}

/* messages.md 6.1; F is the sender, D the directory node, 2 receives */
static void request_rows(struct kunit *test)
{
	static const struct {
		int	master;		/* of our entry; -2 for none */
		bool	active;
		int	from_dir;	/* result with F == D */
		int	we_are_dir;
		int	neither;
	} rows[] = {
		{ -2, false, 0, 0, -EBADR },
		{ 0, false, 0, 0, 0 },
		{ 3, false, 0, -ENOTBLK, -ENOTBLK },
		{ 0, true, 0, 0, 0 },
		{ 3, true, 0, -ENOTBLK, -ENOTBLK },
		{ DLM_MASTER_UNKNOWN, true, 0, -ENOTBLK, -ENOTBLK },
	};
	struct c_world *c = test->priv;
	static const int dirs[] = { 1, 2, 3 };
	int i, d, want;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (d = 0; d < 3; d++) {
			const char *name = c_name(c, dirs[d]);

			if (rows[i].master != -2)
				entry(c, name, rows[i].master, rows[i].active);
			want = d == 0 ? rows[i].from_dir :
			       d == 1 ? rows[i].we_are_dir : rows[i].neither;
			fake(c, 1, DLM_MSG_REQUEST, name, 0);
			kunit_info(test, "row %d, directory node %d", i, dirs[d]);
			t_reply(c, REQUEST_REPLY, want, 0);
			if (!want)
				KUNIT_EXPECT_EQ(test, c_master(c, 2, name), 0);
			else
				KUNIT_EXPECT_EQ(test, c_master(c, 2, name),
						rows[i].master);
		}
	}
}

/* whose own locks are elsewhere does not become master, not even for the directory node */
static void request_with_own_locks(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *a = c_new(c, 3, name), *b = c_new(c, 2, name);

	t_call_lock(a, NL, 0, name, strlen(name));
	c_settle(c);
	t_granted(a, NL);
	t_call_lock(b, NL, 0, name, strlen(name));
	c_settle(c);
	t_granted(b, NL);
	fake(c, 1, DLM_MSG_REQUEST, name, 0);
	t_reply(c, REQUEST_REPLY, -ENOTBLK, 0);
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), 3);
	c_check(c);
}

/* the directory believes in us, and we know nothing: the second who asks gets that put right */
static void turned_away_twice(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct dlm_w_msg other = {
		.type = cpu_to_le32(DLM_MSG_REQUEST),
		.lkid = cpu_to_le32(OUR_ID + 1),
		.rqmode = cpu_to_le32(PR),
		.grmode = cpu_to_le32(-1),
	};
	struct dlm_rsb *r;

	use(c, 2, name);
	r = dlm_rsb_find(c_ls(c, 2), name, strlen(name));
	KUNIT_ASSERT_NOT_NULL(test, r);
	dlm_rsb_forget(r);
	fake(c, 3, DLM_MSG_REQUEST, name, 0);
	t_reply(c, REQUEST_REPLY, -EBADR, 0);
	KUNIT_EXPECT_EQ(test, c_master(c, 1, name), 2);
	c_inject(c, 3, 2, &other, name, strlen(name));
	c_settle(c);
	c_sent(c, "REQUEST_REPLY*2 REMOVE");
	KUNIT_EXPECT_EQ(test, c_master(c, 1, name), -2);
	c_check(c);
}

/* messages.md 13 */
static void remove_rows(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 2), *other = c_name(c, 1);
	u64 bad = c_stat(c, 2, DLM_ST_BAD_MSG);

	/* not ours, no entry, wrong hash */
	fake(c, 3, DLM_MSG_REMOVE, other, dlm_dir_hash(other, strlen(other)));
	KUNIT_EXPECT_EQ(test, c_stat(c, 2, DLM_ST_BAD_MSG), bad + 1);
	fake(c, 3, DLM_MSG_REMOVE, name, dlm_dir_hash(name, strlen(name)));
	KUNIT_EXPECT_EQ(test, c_stat(c, 2, DLM_ST_BAD_MSG), bad + 2);
	entry(c, name, 3, false);
	fake(c, 3, DLM_MSG_REMOVE, name, dlm_dir_hash(other, strlen(other)));
	KUNIT_EXPECT_EQ(test, c_stat(c, 2, DLM_ST_BAD_MSG), bad + 3);
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), 3);
	/* of another node */
	fake(c, 1, DLM_MSG_REMOVE, name, dlm_dir_hash(name, strlen(name)));
	KUNIT_EXPECT_EQ(test, c_stat(c, 2, DLM_ST_BAD_MSG), bad + 4);
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), 3);
	/* its own */
	fake(c, 3, DLM_MSG_REMOVE, name, dlm_dir_hash(name, strlen(name)));
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), -2);
	/* in use here */
	entry(c, name, 3, true);
	fake(c, 3, DLM_MSG_REMOVE, name, dlm_dir_hash(name, strlen(name)));
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), 3);
	KUNIT_EXPECT_EQ(test, c_stat(c, 2, DLM_ST_BAD_MSG), bad + 4);
	KUNIT_EXPECT_EQ(test, c->logged, 0U);
}

/* --- forgetting --------------------------------------------------------- */

/* what stays, and for how long (messages.md 13) */
static void ageing(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *l = c_new(c, 2, name);

	c_lock(l, EX, 0, 0);
	c_unlock(l, 0);
	c_forget(c);
	use(c, 3, name);
	/* a record, the master, and who remembers it */
	KUNIT_EXPECT_EQ(test, c_master(c, 1, name), 2);
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), 0);
	KUNIT_EXPECT_EQ(test, c_master(c, 3, name), 2);
	c_advance(c, 9900);
	KUNIT_EXPECT_EQ(test, c_master(c, 1, name), 2);
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), 0);
	KUNIT_EXPECT_EQ(test, c_master(c, 3, name), 2);
	c_sent(c, "");
	c_advance(c, 2800);
	KUNIT_EXPECT_EQ(test, c_master(c, 1, name), -2);
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), -2);
	KUNIT_EXPECT_EQ(test, c_master(c, 3, name), -2);
	c_sent(c, "REMOVE");
	/* nothing to do any more: no timer runs */
	KUNIT_EXPECT_EQ(test, c->r->host[2].due, KTIME_MAX);
}

/* remembered: the next use costs one question less */
static void remembered(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *l = c_new(c, 3, name);

	use(c, 2, name);
	use(c, 3, name);
	c_lock(l, PR, 0, 0);
	c_sent(c, "REQUEST REQUEST_REPLY");
	c_check(c);
}

/* where nobody gains, nothing is kept */
static void free_at_once(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *l = c_new(c, 2, name);

	use(c, 1, name);
	KUNIT_EXPECT_EQ(test, c_master(c, 1, name), -2);
	use(c, 2, name);
	KUNIT_EXPECT_EQ(test, c_master(c, 1, name), 2);
	c_lock(l, PR, 0, 0);
	c_sent(c, "");
}

/* --- races -------------------------------------------------------------- */

static void age_out(struct c_world *c, int node)
{
	ktime_t now = c->r->now;
	int i;

	for (i = 0; i < 6; i++) {
		now = ktime_add_ms(now, 3000);
		dlm_ls_work(c_ls(c, node), now);
	}
}

/* REMOVE and the directory node's own REQUEST cross */
static void remove_meets_request(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *a = c_new(c, 1, name);

	use(c, 2, name);
	t_call_lock(a, PR, 0, name, strlen(name));
	age_out(c, 2);
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), -2);
	c_settle(c);
	t_granted(a, PR);
	c_sent(c, "REMOVE REQUEST REQUEST_REPLY");
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), 0);
	KUNIT_EXPECT_EQ(test, c_master(c, 1, name), 2);
	c_check(c);
}

/* a third node believes in a master that has forgotten */
static void remove_meets_third(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *a = c_new(c, 3, name);

	use(c, 2, name);
	use(c, 3, name);
	age_out(c, 2);
	t_call_lock(a, PR, 0, name, strlen(name));
	c_advance(c, 100);
	t_granted(a, PR);
	c_sent(c, "REMOVE REQUEST REQUEST_REPLY LOOKUP LOOKUP_REPLY");
	KUNIT_EXPECT_EQ(test, c_master(c, 3, name), 0);
	KUNIT_EXPECT_EQ(test, c_stat(c, 3, DLM_ST_RETRY), 1ULL);
	c_check(c);
}

/* our own REMOVE leaves before our next LOOKUP of that name */
static void lookup_after_remove(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *a = c_new(c, 2, name);

	use(c, 2, name);
	age_out(c, 2);
	t_call_lock(a, PR, 0, name, strlen(name));
	c_settle(c);
	t_granted(a, PR);
	KUNIT_EXPECT_EQ(test, (int)c->log[0].type, (int)DLM_MSG_REMOVE);
	KUNIT_EXPECT_EQ(test, (int)c->log[1].type, (int)DLM_MSG_LOOKUP);
	KUNIT_EXPECT_EQ(test, c_master(c, 1, name), 2);
	c_check(c);
}

/* the directory names a master that has not heard of it yet */
static void early_request(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *a = c_new(c, 2, name), *b = c_new(c, 3, name);

	t_call_lock(a, PR, 0, name, strlen(name));
	c_step(c, 2, 1);		/* LOOKUP */
	t_call_lock(b, PR, 0, name, strlen(name));
	c_step(c, 3, 1);		/* LOOKUP */
	c_step(c, 1, 3);		/* it is 2 */
	c_step(c, 3, 2);		/* REQUEST */
	c_step(c, 2, 3);		/* not me */
	t_quiet(b);
	c_advance(c, 100);
	t_granted(a, PR);
	t_granted(b, PR);
	c_sent(c, "LOOKUP*3 LOOKUP_REPLY*3 REQUEST*2 REQUEST_REPLY*2");
	KUNIT_EXPECT_EQ(test, c_master(c, 3, name), 2);
	c_check(c);
}

static struct kunit_case dir_cases[] = {
	KUNIT_CASE(hashes),
	KUNIT_CASE(array),
	KUNIT_CASE(lookup_rows),
	KUNIT_CASE(request_rows),
	KUNIT_CASE(request_with_own_locks),
	KUNIT_CASE(turned_away_twice),
	KUNIT_CASE(remove_rows),
	KUNIT_CASE(ageing),
	KUNIT_CASE(remembered),
	KUNIT_CASE(free_at_once),
	KUNIT_CASE(remove_meets_request),
	KUNIT_CASE(remove_meets_third),
	KUNIT_CASE(lookup_after_remove),
	KUNIT_CASE(early_request),
	{ }
};

static struct kunit_suite dir_suite = {
	.name = "dlm_dir",
	.init = c_init3,
	.exit = c_exit,
	.test_cases = dir_cases,
};

kunit_test_suites(&dir_suite);
