// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes that recover: see rnet.h.
 */
#include <dlm/transport.h>
#include "rnet.h"

static const struct dlm_comms_user comms_user = {
	.receive = dlm_receive,
};

/* notes recovery messages; r_init() sets it, others may use another for a while */
void r_tap(void *priv, int from, int to, const void *packet, unsigned int len)
{
	const struct dlm_w_header *h = packet;
	const struct dlm_w_rcom *rc = packet;
	struct r_world *r = priv;
	struct r_event *e;

	if (h->cmd == DLM_CMD_OPTS) {
		rc = packet + sizeof(struct dlm_w_opts);
		h = &rc->header;
	}
	if (h->cmd != DLM_CMD_RCOM)
		return;
	KUNIT_ASSERT_LT(r->test, le32_to_cpu(rc->type), (u32)DLM_RCOM_TYPES);
	r->count[le32_to_cpu(rc->type)]++;
	if (r->logged >= R_LOG)
		return;
	e = &r->log[r->logged++];
	e->from = from;
	e->to = to;
	e->type = le32_to_cpu(rc->type);
	e->result = le32_to_cpu(rc->result);
	if (e->type == DLM_RCOM_STATUS)
		e->result = le32_to_cpu(((struct dlm_w_status *)rc->buf)->flags);
}

static void on_kick(struct dlm_ls *ls, unsigned int delay_ms)
{
	struct r_host *h = dlm_ls_client(ls);
	ktime_t due;

	if (!h)
		return;
	due = ktime_add_ms(h->r->now, delay_ms);
	if (ktime_before(due, h->due))
		h->due = due;
}

int r_init(struct kunit *test)
{
	struct r_world *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->test = test;
	test->priv = r;
	r->now = ms_to_ktime(1000000);
	r->net = memlink_create(1);
	KUNIT_ASSERT_NOT_NULL(test, r->net);
	memlink_set_tap(r->net, r_tap, r);
	return 0;
}

static void host_end(struct r_host *h)
{
	if (!h->node)
		return;
	dlm_node_stop(h->node);
	dlm_node_put(h->node);
	h->node = NULL;
	h->ls = NULL;
	h->due = KTIME_MAX;
}

void r_exit(struct kunit *test)
{
	struct r_world *r = test->priv;
	int i;

	for (i = 1; i <= R_NODES; i++)
		host_end(&r->host[i]);
	memlink_destroy(r->net);
}

/* a node with a lockspace that was never started */
void r_node(struct r_world *r, int id, u32 flags)
{
	struct r_host *h = &r->host[id];
	struct dlm_recovery *rec;

	h->r = r;
	h->due = KTIME_MAX;
	h->node = t_node(r->test);
	h->node->nodeid = id;
	h->node->kick = on_kick;
	h->node->comms = memlink_join(r->net, id, &comms_user, h->node);
	KUNIT_ASSERT_NOT_NULL(r->test, h->node->comms);
	h->ls = t_ls(r->test, h->node, "world", flags);
	dlm_ls_set_client(h->ls, h);
	/* forget that it came up alone */
	dlm_ls_stop(h->ls);
	rec = h->ls->recovery;
	mutex_lock(&rec->lock);
	dlm_members_clear(rec);
	mutex_unlock(&rec->lock);
	h->ls->generation = 0;
	rec->our_slot = 0;
	rec->former = 0;
	rec->outcome = 1;
}

void r_nodes(struct r_world *r, int n)
{
	int i;

	for (i = 1; i <= n; i++)
		r_node(r, i, 0);
}

/* a node dies; the others' daemons forget its addresses, but did not stop yet */
void r_kill(struct r_world *r, int id)
{
	int i;

	for (i = 1; i <= R_NODES; i++)
		if (i != id && r->host[i].node)
			memlink_part(r->net, id, i, true);
	host_end(&r->host[id]);
	memlink_kill(r->net, id);
	for (i = 1; i <= R_NODES; i++)
		if (r->host[i].node)
			dlm_comms_peer_forget(r->host[i].node->comms, id);
}

/* start the lockspace of @id; of its members, @renewed left and came back */
int r_start_with(struct r_world *r, int id, const int *ids, int n, int renewed)
{
	struct dlm_member_conf m[R_NODES] = { };
	int i;

	for (i = 0; i < n; i++) {
		m[i].nodeid = ids[i];
		m[i].weight = 1;
		m[i].is_new = ids[i] == renewed;
	}
	return dlm_ls_start(r->host[id].ls, m, n);
}

/* with all that live */
void r_start(struct r_world *r, int id, int renewed)
{
	int ids[R_NODES], n = 0, i;

	for (i = 1; i <= R_NODES; i++)
		if (r->host[i].node)
			ids[n++] = i;
	KUNIT_EXPECT_EQ(r->test, r_start_with(r, id, ids, n, renewed), 0);
}

void r_start_all(struct r_world *r)
{
	int i;

	for (i = 1; i <= R_NODES; i++)
		if (r->host[i].node)
			r_start(r, i, 0);
}

void r_stop_all(struct r_world *r)
{
	int i;

	for (i = 1; i <= R_NODES; i++)
		if (r->host[i].node)
			dlm_ls_stop(r->host[i].ls);
}

static void host_work(struct r_host *h)
{
	unsigned int delay;

	h->due = KTIME_MAX;
	h->r->steps++;
	delay = dlm_ls_work(h->ls, h->r->now);
	if (delay != DLM_WORK_NEVER)
		on_kick(h->ls, delay);
}

/* one thing: bytes that move, a work that is due, or the clock; false if there is none */
bool r_turn(struct r_world *r)
{
	ktime_t first = KTIME_MAX;
	int i;

	if (memlink_step(r->net))
		return true;
	for (i = 1; i <= R_NODES; i++) {
		if (!r->host[i].node)
			continue;
		if (!ktime_after(r->host[i].due, r->now)) {
			host_work(&r->host[i]);
			return true;
		}
		first = min(first, r->host[i].due);
	}
	if (first == KTIME_MAX)
		return false;
	r->now = first;
	return true;
}

static bool all_settled(struct r_world *r)
{
	enum dlm_phase phase;
	int i;

	for (i = 1; i <= R_NODES; i++) {
		if (!r->host[i].node)
			continue;
		phase = r->host[i].ls->recovery->phase;
		if (phase != DLM_PH_RUNNING && phase != DLM_PH_FAILED &&
		    phase != DLM_PH_STOPPED)
			return false;
	}
	return memlink_quiet(r->net);
}

/* until recovery is over everywhere, but not for ever */
void r_run(struct r_world *r)
{
	unsigned int turns = 0;

	while (!all_settled(r) && turns++ < 100000)
		if (!r_turn(r))
			break;
}

void r_forget_log(struct r_world *r)
{
	r->logged = 0;
	r->steps = 0;
	memset(r->count, 0, sizeof(r->count));
}

void r_running_at(struct r_world *r, int line)
{
	struct dlm_recovery *rec;
	int i;

	for (i = 1; i <= R_NODES; i++) {
		if (!r->host[i].node)
			continue;
		rec = r->host[i].ls->recovery;
		KUNIT_EXPECT_EQ_MSG(r->test, (int)rec->phase, (int)DLM_PH_RUNNING,
				    "line %d: node %d is in phase %s, status %x",
				    line, i, dlm_phase_name(rec->phase), rec->status);
		KUNIT_EXPECT_EQ_MSG(r->test, r->host[i].ls->gate.state,
				    (int)DLM_GATE_OPEN, "line %d: node %d", line, i);
	}
}
