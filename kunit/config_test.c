// SPDX-License-Identifier: GPL-2.0
/*
 * config.c: numbers, nodes of the cluster, members of lockspaces.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include "fixture.h"
#include "memlink.h"
#include "../dlm_core/config.h"

/**
 * struct conf - what a case runs in
 * @node: a node without transport
 * @cluster: configured on it
 * @comm: for the case; not added
 * @space: likewise
 * @member: likewise
 */
struct conf {
	struct dlm_node		*node;
	struct dlm_cluster	cluster;
	struct dlm_conf_comm	comm[3];
	struct dlm_conf_space	space;
	struct dlm_conf_member	member[3];
};

static int conf_init(struct kunit *test)
{
	struct conf *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	test->priv = c;
	c->node = t_node(test);
	KUNIT_ASSERT_EQ(test, dlm_cluster_add(&c->cluster, c->node), 0);
	return 0;
}

static void conf_exit(struct kunit *test)
{
	struct conf *c = test->priv;

	dlm_cluster_del(&c->cluster);
	dlm_node_stop(c->node);
	dlm_node_put(c->node);
}

struct number_case {
	enum dlm_config_key key;
	const char *text;
	int err;
	unsigned int value;	/* afterwards */
};

static const struct number_case number_cases[] = {
	{ DLM_CFG_TCP_PORT,	"1",		0,	1 },
	{ DLM_CFG_TCP_PORT,	"65535\n",	0,	65535 },
	{ DLM_CFG_TCP_PORT,	"65536",	-ERANGE, 21064 },
	{ DLM_CFG_TCP_PORT,	"0",		-EINVAL, 21064 },
	{ DLM_CFG_TCP_PORT,	"",		-EINVAL, 21064 },
	{ DLM_CFG_TCP_PORT,	"port",		-EINVAL, 21064 },
	{ DLM_CFG_TCP_PORT,	"-1",		-EINVAL, 21064 },
	{ DLM_CFG_BUFFER_SIZE,	"4095",		-EINVAL, 4096 },
	{ DLM_CFG_BUFFER_SIZE,	"8192",		0,	8192 },
	{ DLM_CFG_RSBTBL_SIZE,	"0",		-EINVAL, 1024 },
	{ DLM_CFG_RSBTBL_SIZE,	"16",		0,	16 },
	{ DLM_CFG_RECOVER_TIMER, "0",		-EINVAL, 5 },
	{ DLM_CFG_RECOVER_TIMER, "6",		0,	6 },
	{ DLM_CFG_TOSS_SECS,	"0",		-EINVAL, 10 },
	{ DLM_CFG_TOSS_SECS,	"1",		0,	1 },
	{ DLM_CFG_SCAN_SECS,	"0",		-EINVAL, 5 },
	{ DLM_CFG_SCAN_SECS,	"7",		0,	7 },
	{ DLM_CFG_LOG_DEBUG,	"1",		0,	1 },
	{ DLM_CFG_LOG_INFO,	"0",		0,	0 },
	{ DLM_CFG_PROTOCOL,	"1",		0,	1 },
	{ DLM_CFG_PROTOCOL,	"2",		-EINVAL, 0 },
	{ DLM_CFG_MARK,		"0xffffffff",	0,	0xffffffff },
	{ DLM_CFG_MARK,		"0x100000000",	-ERANGE, 0 },
	{ DLM_CFG_MARK,		"017",		0,	15 },
	{ DLM_CFG_TIMEWARN_CS,	"0",		-EINVAL, 500 },
	{ DLM_CFG_TIMEWARN_CS,	"1",		0,	1 },
	{ DLM_CFG_NEW_RSB_COUNT, "0",		0,	0 },
	{ DLM_CFG_RECOVER_CALLBACKS, "1",	0,	1 },
};

static void number_desc(const struct number_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s-%s", dlm_config_name(c->key), c->text);
}

KUNIT_ARRAY_PARAM(number, number_cases, number_desc);

static void numbers(struct kunit *test)
{
	const struct number_case *n = test->param_value;
	struct conf *c = test->priv;

	KUNIT_EXPECT_EQ(test, dlm_config_set(c->node, n->key, n->text), n->err);
	KUNIT_EXPECT_EQ(test, dlm_config_get(c->node, n->key), n->value);
}

static void cluster_name(struct kunit *test)
{
	static const char text[] =
		"0123456789012345678901234567890123456789012345678901234567890123456789";
	struct conf *c = test->priv;

	KUNIT_EXPECT_STREQ(test, (const char *)c->node->config.cluster_name, "");
	dlm_config_set_cluster_name(c->node, "town\nhall", 5);
	KUNIT_EXPECT_STREQ(test, (const char *)c->node->config.cluster_name, "town\n");
	dlm_config_set_cluster_name(c->node, text, sizeof(text) - 1);
	KUNIT_EXPECT_EQ(test, strlen(c->node->config.cluster_name), (size_t)63);
}

/* while the transport runs its settings stay; others do not */
static void running(struct kunit *test)
{
	static const struct dlm_comms_user user = { };
	struct conf *c = test->priv;
	struct memlink *net = memlink_create(1);

	KUNIT_ASSERT_NOT_NULL(test, net);
	c->node->comms = memlink_join(net, 1, &user, NULL);
	KUNIT_EXPECT_EQ(test, dlm_config_set(c->node, DLM_CFG_TCP_PORT, "1"), -EBUSY);
	KUNIT_EXPECT_EQ(test, dlm_config_set(c->node, DLM_CFG_TCP_PORT, "0"), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlm_config_set(c->node, DLM_CFG_PROTOCOL, "1"), -EBUSY);
	KUNIT_EXPECT_EQ(test, dlm_config_set(c->node, DLM_CFG_MARK, "1"), 0);
	dlm_comms_stop(c->node->comms);
	KUNIT_EXPECT_EQ(test, dlm_config_set(c->node, DLM_CFG_TCP_PORT, "1"), 0);
	c->node->comms = NULL;
	memlink_destroy(net);
}

static void node_ids(struct kunit *test)
{
	struct conf *c = test->priv;
	struct dlm_conf_comm *a = &c->comm[0], *b = &c->comm[1];

	KUNIT_ASSERT_EQ(test, dlm_conf_comm_add(a, &c->cluster, "7"), 0);
	KUNIT_EXPECT_EQ(test, a->nodeid, 7);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_add(b, &c->cluster, "7"), -EEXIST);
	KUNIT_ASSERT_EQ(test, dlm_conf_comm_add(b, &c->cluster, "north"), 0);
	KUNIT_EXPECT_EQ(test, b->nodeid, -1);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_set_nodeid(b, "7"), -EEXIST);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_set_nodeid(b, "0"), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_set_nodeid(b, "-2"), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_set_nodeid(b, "8\n"), 0);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_set_nodeid(b, "8"), 0);
	dlm_conf_comm_del(a);
	dlm_conf_comm_del(b);
}

static struct sockaddr_storage v4(u32 addr, u16 port)
{
	struct sockaddr_storage ss = { };
	struct sockaddr_in *in = (void *)&ss;

	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	in->sin_addr.s_addr = htonl(addr);
	return ss;
}

static int put(struct dlm_conf_comm *comm, struct sockaddr_storage addr)
{
	return dlm_conf_comm_set_addr(comm, &addr, sizeof(addr));
}

static void addresses(struct kunit *test)
{
	struct conf *c = test->priv;
	struct dlm_conf_comm *a = &c->comm[0];
	struct sockaddr_storage v6 = { };
	struct sockaddr_in6 *in6 = (void *)&v6;
	char text[200];
	size_t len;

	KUNIT_ASSERT_EQ(test, dlm_conf_comm_add(a, &c->cluster, "east"), 0);
	KUNIT_EXPECT_EQ(test, put(a, v4(0x0a000001, 0)), -EINVAL);
	KUNIT_ASSERT_EQ(test, dlm_conf_comm_set_nodeid(a, "3"), 0);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_set_addr(a, &v6, sizeof(v6) - 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, put(a, v6), -EAFNOSUPPORT);
	KUNIT_EXPECT_EQ(test, put(a, v4(0x0a000001, 5)), 0);
	/* the port makes no difference */
	KUNIT_EXPECT_EQ(test, put(a, v4(0x0a000001, 6)), -EEXIST);
	in6->sin6_family = AF_INET6;
	in6->sin6_addr.s6_addr[0] = 0xfe;
	in6->sin6_addr.s6_addr[1] = 0x80;
	in6->sin6_addr.s6_addr[15] = 0xab;
	KUNIT_EXPECT_EQ(test, put(a, v6), 0);
	KUNIT_EXPECT_EQ(test, put(a, v6), -EEXIST);
	KUNIT_EXPECT_EQ(test, put(a, v4(0x0a000002, 0)), 0);
	KUNIT_EXPECT_EQ(test, put(a, v4(0x0a000003, 0)), -ENOSPC);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_set_nodeid(a, "4"), -EBUSY);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_set_nodeid(a, "3"), 0);
	len = dlm_conf_comm_addr_list(a, text, sizeof(text));
	KUNIT_EXPECT_EQ(test, len, strlen(text));
	KUNIT_EXPECT_STREQ(test, (const char *)text,
			   "AF_INET\t10.0.0.1\n"
			   "AF_INET6\tfe80:0000:0000:0000:0000:0000:0000:00ab\n"
			   "AF_INET\t10.0.0.2\n");
	dlm_conf_comm_del(a);
}

/* the first one that says so is our own, until it goes */
static void local(struct kunit *test)
{
	struct conf *c = test->priv;
	struct dlm_conf_comm *a = &c->comm[0], *b = &c->comm[1];

	KUNIT_ASSERT_EQ(test, dlm_conf_comm_add(a, &c->cluster, "a"), 0);
	KUNIT_ASSERT_EQ(test, dlm_conf_comm_add(b, &c->cluster, "5"), 0);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_set_local(a, "1"), -EINVAL);
	KUNIT_ASSERT_EQ(test, dlm_conf_comm_set_nodeid(a, "4"), 0);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_set_local(a, "0"), 0);
	KUNIT_EXPECT_FALSE(test, dlm_node_has_daemon(c->node));
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_set_local(a, "1"), 0);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_set_local(a, "1"), 0);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_set_local(b, "1"), 0);
	KUNIT_EXPECT_EQ(test, c->node->local_id, 4);
	KUNIT_EXPECT_TRUE(test, dlm_node_has_daemon(c->node));
	dlm_conf_comm_del(b);
	KUNIT_EXPECT_EQ(test, c->node->local_id, 4);
	dlm_conf_comm_del(a);
	KUNIT_EXPECT_EQ(test, c->node->local_id, 0);
	KUNIT_EXPECT_FALSE(test, dlm_node_has_daemon(c->node));
}

static void add_member(struct kunit *test, struct dlm_conf_member *m,
		       const char *name)
{
	struct conf *c = test->priv;

	memset(m, 0, sizeof(*m));
	KUNIT_ASSERT_EQ(test, dlm_conf_member_add(m, &c->space, name), 0);
}

/* a start reads the list, and who is in it is not new to the next one */
static void members(struct kunit *test)
{
	struct conf *c = test->priv;
	struct dlm_member_conf *list;

	KUNIT_EXPECT_EQ(test, dlm_config_members(c->node, "shop", &list), -ENOENT);
	KUNIT_ASSERT_EQ(test, dlm_conf_space_add(&c->space, &c->cluster, "shop"), 0);
	KUNIT_EXPECT_EQ(test, dlm_config_members(c->node, "shop", &list), -ENOENT);
	KUNIT_EXPECT_NULL(test, list);
	KUNIT_ASSERT_EQ(test, dlm_conf_comm_add(&c->comm[0], &c->cluster, "2"), 0);
	add_member(test, &c->member[0], "2");
	add_member(test, &c->member[1], "one");
	/* one without id does not count */
	KUNIT_EXPECT_EQ(test, dlm_config_members(c->node, "shop", &list), 1);
	KUNIT_EXPECT_EQ(test, list[0].nodeid, 2);
	KUNIT_EXPECT_EQ(test, list[0].weight, 1U);
	KUNIT_EXPECT_TRUE(test, list[0].is_new);
	kfree(list);

	KUNIT_EXPECT_EQ(test, dlm_conf_member_set_nodeid(&c->member[1], "2"), -EEXIST);
	KUNIT_EXPECT_EQ(test, dlm_conf_member_set_nodeid(&c->member[1], "0"), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlm_conf_member_set_nodeid(&c->member[1], "1"), 0);
	KUNIT_EXPECT_EQ(test, dlm_conf_member_set_weight(&c->member[1], "-1"), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlm_conf_member_set_weight(&c->member[1], "0"), 0);
	KUNIT_EXPECT_EQ(test, dlm_config_members(c->node, "shop", &list), 2);
	KUNIT_EXPECT_EQ(test, list[0].nodeid, 2);
	KUNIT_EXPECT_FALSE(test, list[0].is_new);
	KUNIT_EXPECT_EQ(test, list[1].nodeid, 1);
	KUNIT_EXPECT_EQ(test, list[1].weight, 0U);
	KUNIT_EXPECT_TRUE(test, list[1].is_new);
	kfree(list);

	/* gone and back, from the lockspace and from the cluster */
	dlm_conf_member_del(&c->member[0]);
	dlm_conf_comm_del(&c->comm[0]);
	KUNIT_ASSERT_EQ(test, dlm_conf_comm_add(&c->comm[0], &c->cluster, "2"), 0);
	add_member(test, &c->member[0], "2");
	KUNIT_EXPECT_EQ(test, dlm_config_members(c->node, "shop", &list), 2);
	KUNIT_EXPECT_FALSE(test, list[0].is_new);
	KUNIT_EXPECT_TRUE(test, list[1].is_new);
	/* the start failed: the next one is told the same, then it is no news */
	dlm_config_members_undo(c->node, "shop", list, 2);
	kfree(list);
	KUNIT_EXPECT_EQ(test, dlm_config_members(c->node, "shop", &list), 2);
	KUNIT_EXPECT_FALSE(test, list[0].is_new);
	KUNIT_EXPECT_TRUE(test, list[1].is_new);
	kfree(list);
	KUNIT_EXPECT_EQ(test, dlm_config_members(c->node, "shop", &list), 2);
	KUNIT_EXPECT_FALSE(test, list[1].is_new);
	/* gone meanwhile */
	list[0].is_new = true;
	list[0].nodeid = 9;
	dlm_config_members_undo(c->node, "shop", list, 2);
	dlm_config_members_undo(c->node, "shed", list, 2);
	kfree(list);
	dlm_conf_member_del(&c->member[0]);
	dlm_conf_member_del(&c->member[1]);
	dlm_conf_space_del(&c->space);
	dlm_conf_comm_del(&c->comm[0]);
}

/* the newest cluster counts, and what the older one told is forgotten */
static void newest(struct kunit *test)
{
	struct conf *c = test->priv;
	struct dlm_cluster newer = { };

	KUNIT_ASSERT_EQ(test, dlm_conf_comm_add(&c->comm[0], &c->cluster, "1"), 0);
	KUNIT_ASSERT_EQ(test, dlm_conf_comm_set_local(&c->comm[0], "1"), 0);
	KUNIT_ASSERT_EQ(test, dlm_cluster_add(&newer, c->node), 0);
	KUNIT_EXPECT_EQ(test, c->node->local_id, 0);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_add(&c->comm[1], &c->cluster, "2"), -EBUSY);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_set_local(&c->comm[0], "1"), -EBUSY);
	KUNIT_ASSERT_EQ(test, dlm_conf_comm_add(&c->comm[1], &newer, "1"), 0);
	KUNIT_ASSERT_EQ(test, dlm_conf_comm_set_local(&c->comm[1], "1"), 0);
	/* its end does not concern the newer */
	dlm_conf_comm_del(&c->comm[0]);
	KUNIT_EXPECT_EQ(test, c->node->local_id, 1);
	dlm_conf_comm_del(&c->comm[1]);
	dlm_cluster_del(&newer);
	KUNIT_EXPECT_PTR_EQ(test, c->node->cluster, (struct dlm_cluster *)NULL);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_add(&c->comm[1], &c->cluster, "2"), -EBUSY);
}

/* neither beside a solo lockspace nor, the other way round, solo beside a cluster */
static void solo(struct kunit *test)
{
	struct conf *c = test->priv;
	struct dlm_node *node = t_node(test);
	struct dlm_cluster cluster = { };
	struct dlm_ls *ls = t_ls(test, node, "lone", 0);
	struct dlm_ls_params params = {
		.name = "x", .namelen = 1, .lvblen = T_LVBLEN, .device = true,
	};

	KUNIT_EXPECT_EQ(test, dlm_cluster_add(&cluster, node), -EBUSY);
	dlm_ls_release(ls, DLM_RELEASE_FORCE);
	KUNIT_EXPECT_EQ(test, dlm_cluster_add(&cluster, node), 0);
	dlm_cluster_del(&cluster);
	KUNIT_EXPECT_EQ(test, dlm_ls_create(c->node, &params, &ls), -ENOSYS);
	params.device = false;
	KUNIT_EXPECT_EQ(test, dlm_ls_create(c->node, &params, &ls), -ENOTCONN);
	dlm_node_stop(node);
	KUNIT_EXPECT_EQ(test, dlm_cluster_add(&cluster, node), -ENODEV);
	dlm_node_put(node);
}

/* a node that has ended: nothing can be told, all can be removed */
static void ended(struct kunit *test)
{
	struct conf *c = test->priv;

	KUNIT_ASSERT_EQ(test, dlm_conf_comm_add(&c->comm[0], &c->cluster, "1"), 0);
	KUNIT_ASSERT_EQ(test, dlm_conf_comm_set_local(&c->comm[0], "1"), 0);
	dlm_node_stop(c->node);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_set_nodeid(&c->comm[0], "1"), -ENODEV);
	KUNIT_EXPECT_EQ(test, dlm_conf_comm_add(&c->comm[1], &c->cluster, "2"), -ENODEV);
	KUNIT_EXPECT_EQ(test, dlm_conf_space_add(&c->space, &c->cluster, "x"), -ENODEV);
	KUNIT_EXPECT_FALSE(test, dlm_node_has_daemon(c->node));
	dlm_conf_comm_del(&c->comm[0]);
}

static struct kunit_case config_cases[] = {
	KUNIT_CASE_PARAM(numbers, number_gen_params),
	KUNIT_CASE(cluster_name),
	KUNIT_CASE(running),
	KUNIT_CASE(node_ids),
	KUNIT_CASE(addresses),
	KUNIT_CASE(local),
	KUNIT_CASE(members),
	KUNIT_CASE(newest),
	KUNIT_CASE(solo),
	KUNIT_CASE(ended),
	{}
};

static struct kunit_suite config_suite = {
	.name = "dlm_config",
	.init = conf_init,
	.exit = conf_exit,
	.test_cases = config_cases,
};

kunit_test_suite(config_suite);

MODULE_LICENSE("GPL");
