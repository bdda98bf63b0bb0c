// SPDX-License-Identifier: GPL-2.0
/*
 * Recovery messages: building them, and what is done with those that come
 * (wire.md 6, recovery.md 6).
 *
 * Everything here runs with recovery->lock held.  What is not expected is dropped
 * and counted: a request before or after the phase in which it can be answered, a
 * reply to something that was asked before the last stop, anything malformed.
 */
#include <linux/slab.h>
#include "recover.h"

#define STATUS_BITS	0xff

/* --- sending ----------------------------------------------------------- */

static struct dlm_packet *rcom_new(u32 ls_id, enum dlm_rcom_type type,
				   unsigned int body)
{
	struct dlm_packet *p;
	struct dlm_w_rcom *rc;

	p = dlm_packet_alloc(DLM_CMD_RCOM, sizeof(*rc) + body, GFP_NOIO);
	if (!p)
		return NULL;
	rc = (void *)p->data;
	rc->header.u = cpu_to_le32(ls_id);
	rc->type = cpu_to_le32(type);
	return p;
}

/**
 * dlm_rcom_new - make a recovery message
 * @ls: the lockspace; recovery locked
 * @type: its type
 * @body: bytes of body, which is zero; at most DLM_NAMES_MAX
 *
 * Context: sleeps for memory.
 * Return: the packet, complete but for id and body, or NULL.
 */
struct dlm_packet *dlm_rcom_new(struct dlm_ls *ls, enum dlm_rcom_type type,
				unsigned int body)
{
	struct dlm_packet *p = rcom_new(dlm_ls_id(ls), type, body);

	if (p)
		((struct dlm_w_rcom *)p->data)->seq = cpu_to_le64(ls->recovery->seq);
	return p;
}

/**
 * dlm_rcom_reply - make the message that answers another
 * @m: the request
 * @type: type of the reply
 * @body: bytes of body
 *
 * Context: sleeps for memory.
 * Return: the packet, complete but for result and body, or NULL.
 */
struct dlm_packet *dlm_rcom_reply(const struct rcom *m, enum dlm_rcom_type type,
				  unsigned int body)
{
	struct dlm_packet *p = dlm_rcom_new(m->ls, type, body);
	struct dlm_w_rcom *rc;

	if (!p)
		return NULL;
	rc = (void *)p->data;
	rc->id = m->msg->id;
	rc->seq_reply = m->msg->seq;
	return p;
}

/**
 * dlm_rcom_ask - make a request of which a member has at most one to answer
 * @st: step
 * @peer: who will be asked
 * @type: DLM_RCOM_STATUS or DLM_RCOM_NAMES
 * @body: bytes of body
 *
 * Context: sleeps for memory.
 * Return: the packet, complete but for the body, or NULL.
 */
struct dlm_packet *dlm_rcom_ask(struct dlm_step *st, struct dlm_rpeer *peer,
				enum dlm_rcom_type type, unsigned int body)
{
	struct dlm_packet *p = dlm_rcom_new(st->ls, type, body);

	if (!p)
		return NULL;
	peer->wants = type + DLM_RCOM_STATUS_REPLY - DLM_RCOM_STATUS;
	peer->id = ++st->rec->next_id;
	peer->asked = st->now;
	WRITE_ONCE(st->rec->asked, peer->conf.nodeid);
	((struct dlm_w_rcom *)p->data)->id = cpu_to_le64(peer->id);
	return p;
}

/**
 * dlm_rcom_shorten - take bytes off the end of a message
 * @p: the message
 * @bytes: how many, at most its body
 */
void dlm_rcom_shorten(struct dlm_packet *p, unsigned int bytes)
{
	struct dlm_w_header *h = (void *)p->data;

	p->len -= bytes;
	h->length = cpu_to_le16(p->len);
}

/**
 * dlm_rcom_send - send a recovery message
 * @ls: the lockspace
 * @nodeid: receiver
 * @p: the message, not to be touched afterwards
 * @fx: effects
 *
 * Those of a status go without a sequence number (wire.md 6.7).
 *
 * Context: any; spinlocks may be held.
 */
void dlm_rcom_send(struct dlm_ls *ls, int nodeid, struct dlm_packet *p,
		   struct dlm_fx *fx)
{
	u32 type = le32_to_cpu(((struct dlm_w_rcom *)p->data)->type);

	dlm_comms_send(ls->comms, nodeid, p, type != DLM_RCOM_STATUS &&
		       type != DLM_RCOM_STATUS_REPLY, fx);
}

/**
 * dlm_rcom_status - ask a member how far it is
 * @st: step
 * @peer: member, not ourselves
 * @flags: DLM_STATUS_NEED_SLOTS or 0
 *
 * Context: sleeps for memory.
 * Return: 0 or -ENOMEM.
 */
int dlm_rcom_status(struct dlm_step *st, struct dlm_rpeer *peer, u32 flags)
{
	struct dlm_w_status *body;
	struct dlm_packet *p;

	p = dlm_rcom_ask(st, peer, DLM_RCOM_STATUS, sizeof(*body));
	if (!p)
		return -ENOMEM;
	body = (void *)((struct dlm_w_rcom *)p->data)->buf;
	body->flags = cpu_to_le32(flags);
	dlm_rcom_send(st->ls, peer->conf.nodeid, p, &st->fx);
	return 0;
}

/* --- STATUS ------------------------------------------------------------ */

static void fill_slots(struct dlm_w_slot *out, const struct dlm_recovery *rec)
{
	unsigned int i;

	for (i = 0; i < rec->nslots; i++) {
		out[i].nodeid = cpu_to_le32(rec->slots[i].nodeid);
		out[i].slot = cpu_to_le16(rec->slots[i].slot);
	}
}

static int on_status(const struct rcom *m)
{
	const struct dlm_w_status *ask = (const void *)m->msg->buf;
	struct dlm_recovery *rec = m->rec;
	struct dlm_ls_config our;
	struct dlm_w_config *c;
	struct dlm_w_rcom *rc;
	struct dlm_packet *p;
	unsigned int n = 0;

	if (m->body >= sizeof(*ask) &&
	    le32_to_cpu(ask->flags) & DLM_STATUS_NEED_SLOTS)
		n = rec->nslots;
	p = dlm_rcom_reply(m, DLM_RCOM_STATUS_REPLY,
			   sizeof(*c) + n * sizeof(struct dlm_w_slot));
	if (!p)
		return -ENOMEM;
	rc = (void *)p->data;
	rc->result = cpu_to_le32(rec->status);
	dlm_our_config(m->ls, &our);
	c = (void *)rc->buf;
	c->lvblen = cpu_to_le32(our.lvblen);
	c->lsflags = cpu_to_le32(our.lsflags);
	c->flags = cpu_to_le32(our.flags);
	c->our_slot = cpu_to_le16(rec->our_slot);
	c->num_slots = cpu_to_le16(n);
	c->generation = cpu_to_le32(m->ls->generation);
	if (n)
		fill_slots((void *)&c[1], rec);
	dlm_rcom_send(m->ls, m->nodeid, p, m->fx);
	return 0;
}

/* the reply that ends phase 2 of who does not lead comes with the table */
static int take_slots(const struct rcom *m, const struct dlm_w_config *c)
{
	unsigned int n = le16_to_cpu(c->num_slots);

	if (n > DLM_SLOTS_MAX ||
	    m->body < sizeof(*c) + n * sizeof(struct dlm_w_slot))
		return RCOM_BAD;
	return dlm_slots_copy(m->rec, le32_to_cpu(c->generation),
			      (const void *)&c[1], n);
}

static int on_status_reply(const struct rcom *m)
{
	const struct dlm_w_config *c = (const void *)m->msg->buf;
	u32 bits = le32_to_cpu(m->msg->result);
	struct dlm_recovery *rec = m->rec;
	struct dlm_rpeer *peer = m->peer;
	int err;

	if (bits == (u32)-ESRCH) {
		peer->wants = 0;
		return 0;
	}
	bits &= STATUS_BITS;
	/* before we show that we know the members nobody can be further than that */
	if (!(rec->status & DLM_RS_NODES))
		bits &= DLM_RS_NODES;
	if (rec->phase == DLM_PH_NODES && peer->conf.nodeid == rec->low &&
	    bits & DLM_RS_NODES_ALL) {
		err = take_slots(m, c);
		if (err)
			return err;
	}
	peer->wants = 0;
	peer->bits = bits;
	if (rec->phase > DLM_PH_NODES)
		return 0;
	peer->told = true;
	peer->config.lvblen = le32_to_cpu(c->lvblen);
	peer->config.lsflags = le32_to_cpu(c->lsflags);
	peer->config.flags = le32_to_cpu(c->flags);
	peer->generation = le32_to_cpu(c->generation);
	peer->slot = le16_to_cpu(c->our_slot);
	peer->minor = le32_to_cpu(m->msg->header.version) & ~DLM_WIRE_MAJOR_MASK;
	return 0;
}

/**
 * dlm_rcom_not_ready - answer a STATUS for a lockspace that is not there (yet)
 * @node: our node
 * @nodeid: who asks
 * @packet: a whole recovery message, of which nothing is checked
 * @fx: effects
 *
 * wire.md 6.4.  Stock nodes answer in an envelope, and take either: without one
 * nothing is kept for somebody who may never become a member, and who asks again.
 *
 * Context: sleeps for memory.
 * Return: 0 or -ENOMEM.
 */
int dlm_rcom_not_ready(struct dlm_node *node, int nodeid, const void *packet,
		       struct dlm_fx *fx)
{
	const struct dlm_w_rcom *msg = packet;
	struct dlm_w_config *c;
	struct dlm_w_rcom *rc;
	struct dlm_packet *p;

	if (le32_to_cpu(msg->type) != DLM_RCOM_STATUS)
		return 0;
	p = rcom_new(le32_to_cpu(msg->header.u), DLM_RCOM_STATUS_REPLY,
		     sizeof(*c));
	if (!p)
		return -ENOMEM;
	rc = (void *)p->data;
	rc->result = cpu_to_le32(-ESRCH);
	rc->id = msg->id;
	rc->seq_reply = msg->seq;
	c = (void *)rc->buf;
	c->lvblen = cpu_to_le32(U32_MAX);
	dlm_comms_send(node->comms, nodeid, p, false, fx);
	return 0;
}

/* --- receiving --------------------------------------------------------- */

/**
 * struct rcom_type - what is checked before a type's handler is called
 * @handle: the handler: 0, -ENOMEM with nothing done, RCOM_IGNORE or RCOM_BAD
 * @body: bytes that there must be at least
 * @bit: DLM_RS_* that we must show before it can be handled
 * @until: last phase in which a member can have a reason to send it
 * @reply: it is a reply: to something of this epoch
 */
struct rcom_type {
	int		(*handle)(const struct rcom *m);
	unsigned int	body;
	u32		bit;
	enum dlm_phase	until;
	bool		reply;
};

static const struct rcom_type types[DLM_RCOM_TYPES] = {
	[DLM_RCOM_STATUS] = {
		.handle	= on_status,
		.until	= DLM_PH_MAX,
	},
	[DLM_RCOM_STATUS_REPLY] = {
		.handle	= on_status_reply,
		.body	= sizeof(struct dlm_w_config),
		.until	= DLM_PH_DONE,
		.reply	= true,
	},
	[DLM_RCOM_NAMES] = {
		.handle	= dlm_on_names,
		.bit	= DLM_RS_NODES,
		.until	= DLM_PH_DIR,
	},
	[DLM_RCOM_NAMES_REPLY] = {
		.handle	= dlm_on_names_reply,
		.bit	= DLM_RS_NODES,
		.until	= DLM_PH_NAMES,
		.reply	= true,
	},
	[DLM_RCOM_LOOKUP] = {
		.handle	= dlm_on_lookup,
		.body	= 1,
		.bit	= DLM_RS_DIR,
		.until	= DLM_PH_LOCKS,
	},
	[DLM_RCOM_LOOKUP_REPLY] = {
		.handle	= dlm_on_lookup_reply,
		.bit	= DLM_RS_DIR,
		.until	= DLM_PH_MASTERS,
		.reply	= true,
	},
	[DLM_RCOM_LOCK] = {
		.handle	= dlm_on_lock,
		.body	= sizeof(struct dlm_w_lock),
		.bit	= DLM_RS_DIR,
		.until	= DLM_PH_LOCKS,
	},
	[DLM_RCOM_LOCK_REPLY] = {
		.handle	= dlm_on_lock_reply,
		.body	= sizeof(struct dlm_w_lock),
		.bit	= DLM_RS_DIR,
		.until	= DLM_PH_SEND,
		.reply	= true,
	},
};

/* is a reply the one that is due? LOOKUP and LOCK know their own ways */
static bool is_due(const struct rcom *m)
{
	if (le64_to_cpu(m->msg->seq_reply) != m->rec->seq)
		return false;
	if (m->type != DLM_RCOM_STATUS_REPLY && m->type != DLM_RCOM_NAMES_REPLY)
		return true;
	return m->peer->wants == m->type &&
	       m->peer->id == le64_to_cpu(m->msg->id);
}

static int handle(const struct rcom *m)
{
	const struct rcom_type *t = &types[m->type];

	if (m->body < t->body)
		return RCOM_BAD;
	if (m->type == DLM_RCOM_STATUS)
		return t->handle(m);
	if (!m->peer || m->rec->phase == DLM_PH_STOPPED ||
	    m->rec->phase > t->until || t->bit & ~m->rec->status)
		return RCOM_IGNORE;
	if (t->reply && !is_due(m))
		return RCOM_IGNORE;
	return t->handle(m);
}

/**
 * dlm_rcom_receive - a recovery message came
 * @ls: lockspace it is for
 * @nodeid: sender, member or not
 * @packet: the message, at any address
 * @len: its bytes, at least those of the fixed part
 * @fx: effects
 *
 * Context: sleeps.
 * Return: 0, or -ENOMEM if nothing was done and it shall come again.
 */
int dlm_rcom_receive(struct dlm_ls *ls, int nodeid, const void *packet,
		     unsigned int len, struct dlm_fx *fx)
{
	struct dlm_recovery *rec = ls->recovery;
	struct rcom m = {
		.ls = ls, .rec = rec, .nodeid = nodeid, .msg = packet,
		.body = len - sizeof(struct dlm_w_rcom), .fx = fx,
	};
	int ret = RCOM_BAD;

	m.type = le32_to_cpu(m.msg->type);
	if (m.type < DLM_RCOM_TYPES && types[m.type].handle) {
		mutex_lock(&rec->lock);
		m.peer = dlm_rpeer_find(rec, nodeid);
		ret = handle(&m);
		mutex_unlock(&rec->lock);
	}
	if (ret == -ENOMEM)
		return ret;
	if (ret == RCOM_BAD) {
		dlm_ls_count(ls, DLM_ST_RCOM_BAD);
		if (dlm_first_bad(ls, nodeid, DLM_BAD_RCOM +
				  min_t(u32, m.type, DLM_RCOM_TYPES)))
			pr_warn("dlm: %s: node %d, recovery message %u: makes no sense\n",
				ls->name, nodeid, m.type);
	} else if (ret) {
		dlm_ls_count(ls, DLM_ST_RCOM_IGNORED);
	} else if (types[m.type].reply) {
		dlm_ls_kick(ls, 0);
	}
	return 0;
}
