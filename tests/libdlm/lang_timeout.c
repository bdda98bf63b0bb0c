// SPDX-License-Identifier: GPL-2.0
/*
 * Lock timeouts and the warnings about long waits.  Linux's own module has
 * neither in Debian's kernels.
 *
 * One program run takes two scan periods of real time, 10 s and some.
 */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include "modes.h"

#define SCAN_S	5	/* scan_secs */
#define WARN_S	5	/* timewarn_cs */

static int fd;

/* --- a listener of the family "DLM" ------------------------------------ */

#define CMD_HELLO	1
#define CMD_TIMEOUT	2
#define ATTR_LOCK	1

struct lock_data {
	uint16_t version;
	uint32_t lockspace_id;
	int32_t nodeid, ownpid;
	uint32_t id, remid;
	uint64_t xid;
	int8_t status, grmode, rqmode;
	unsigned long timestamp;
	int32_t namelen;
	char name[64];
};

_Static_assert(sizeof(long) != 8 || sizeof(struct lock_data) == 120, "lock data");

struct msg {
	struct nlmsghdr n;
	struct genlmsghdr g;
	char data[512];
};

static int nl_open(void)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	if (s < 0 || bind(s, (void *)&a, sizeof(a)))
		T_DIE("netlink");
	return s;
}

/* an attribute of any type; returns the bytes it takes */
static int put_attr(char *p, int type, const void *v, int len)
{
	struct nlattr *a = (void *)p;

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	memcpy(p + NLA_HDRLEN, v, len);
	return NLA_ALIGN(a->nla_len);
}

/* send, wait for the ack; 0 or negative errno */
static int nl_send(int s, int type, int cmd, int attr, const void *v, int len)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	struct msg m = { .n = { .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
			 .g = { .cmd = cmd, .version = 1 } };
	int n = put_attr(m.data, attr, v, len);

	m.n.nlmsg_len = NLMSG_LENGTH(sizeof(m.g)) + n;
	if (sendto(s, &m, m.n.nlmsg_len, 0, (void *)&to, sizeof(to)) < 0)
		return -errno;
	for (;;) {
		n = recv(s, &m, sizeof(m), 0);
		if (n < 0)
			return -errno;
		if (m.n.nlmsg_type == NLMSG_ERROR)
			return ((struct nlmsgerr *)NLMSG_DATA(&m.n))->error;
	}
}

/* id of a generic netlink family, or negative */
static int nl_family(const char *name, int *version)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	struct msg m = { .n = { .nlmsg_type = GENL_ID_CTRL, .nlmsg_flags = NLM_F_REQUEST },
			 .g = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 } };
	int s = nl_open(), n, id = -ENOENT;
	struct nlattr *a;
	char *p;

	n = put_attr(m.data, CTRL_ATTR_FAMILY_NAME, name, strlen(name) + 1);
	m.n.nlmsg_len = NLMSG_LENGTH(sizeof(m.g)) + n;
	if (sendto(s, &m, m.n.nlmsg_len, 0, (void *)&to, sizeof(to)) < 0)
		T_DIE("netlink send");
	n = recv(s, &m, sizeof(m), 0);
	close(s);
	if (n < 0 || m.n.nlmsg_type == NLMSG_ERROR)
		return -ENOENT;
	for (p = m.data; p < (char *)&m + n; p += NLA_ALIGN(a->nla_len)) {
		a = (void *)p;
		if (!a->nla_len)
			break;
		if (a->nla_type == CTRL_ATTR_FAMILY_ID)
			id = *(uint16_t *)(p + NLA_HDRLEN);
		if (a->nla_type == CTRL_ATTR_VERSION)
			*version = *(uint32_t *)(p + NLA_HDRLEN);
	}
	return id;
}

static struct msg warning;

/* the next warning; NULL after so many milliseconds */
static struct lock_data *nl_warning(int s, int ms)
{
	struct pollfd p = { .fd = s, .events = POLLIN };
	int n;

	if (poll(&p, 1, ms) != 1)
		return NULL;
	memset(&warning, 0, sizeof(warning));
	n = recv(s, &warning, sizeof(warning), 0);
	if (n < (int)(NLMSG_LENGTH(GENL_HDRLEN) + NLA_HDRLEN + sizeof(struct lock_data)))
		return NULL;
	return (void *)(warning.data + NLA_HDRLEN);
}

static int pending(int id)
{
	return t_pending(fd, id);
}

static int timed(const char *res, int mode, uint32_t flags, int cs, uint64_t xid)
{
	struct t_op o = T_OP(0x71);

	o.mode = mode;
	o.flags = flags;
	o.timeout = cs;
	o.xid = xid;
	o.name = res;
	o.namelen = strlen(res);
	return t_op(fd, &o);
}

static int timed_conv(int id, int mode, uint32_t flags, int cs)
{
	struct t_op o = T_OP(0x72);

	o.mode = mode;
	o.flags = flags | LKF_CONVERT;
	o.timeout = cs;
	o.lkid = id;
	return t_op(fd, &o);
}

/* lang-21: LKF_TIMEOUT */
static void timeouts(void)
{
	int h = GRANT(fd, EX, 0, "to"), n = GRANT(fd, NL, 0, "to2"), h2 = GRANT(fd, CR, 0, "to2");
	int a, b, c, d, behind;
	double t = t_now();

	a = timed("to", PR, LKF_TIMEOUT, 150, 0);
	b = timed("to", PR, LKF_TIMEOUT, 0, 0);
	c = timed("to", PR, LKF_TIMEOUT, 100000, 0);
	d = timed("to", PR, 0, 150, 0);
	timed_conv(n, EX, LKF_TIMEOUT, 150);
	behind = t_lock(fd, CR, 0, "to2", 1);
	IS(pending(0), 2, "lang-21: all wait, one blocking callback for each holder");
	t_drain(fd);
	CAST(fd, a, -ETIMEDOUT, "lang-21: timed out");
	t = t_now() - t;
	CHECK(t >= 1.4, "lang-21: not before its time (%.1f s)", t);
	CHECK(t < 1.5 + SCAN_S + 3 * t_factor(), "lang-21: within timeout and scan (%.1f s)", t);
	CAST(fd, n, -ETIMEDOUT, "lang-21: conversion timed out");
	CAST(fd, behind, 0, "lang-21: who waited behind it is granted");
	IS(t_unlock(fd, a, 0), -ENOENT, "lang-21: the lock is gone");
	IS(t_conv(fd, n, CR, 0), 0, "lang-21: the converter holds its old mode");
	CAST(fd, n, 0, "lang-21: and can be converted");
	QUIET(fd, b, "lang-21: timeout 0 is none");
	QUIET(fd, c, "lang-21: a long one waits");
	QUIET(fd, d, "lang-21: without the flag there is none");
	t_drop(fd, h);
	CAST(fd, b, 0, "lang-21: granted in the end");
	CAST(fd, c, 0, "lang-21: granted in time");
	CAST(fd, d, 0, "lang-21: granted");
	/* granted before its time: no timeout later */
	t_drop(fd, b);
	t_drop(fd, c);
	t_drop(fd, d);
	t_drop(fd, n);
	t_drop(fd, h2);
	t_drop(fd, behind);
	t_drain(fd);
}

static uint32_t sysfs_id(const char *ls)
{
	char p[128];
	unsigned int id = 0;
	FILE *f;

	snprintf(p, sizeof(p), "/sys/kernel/dlm/%s/id", ls);
	f = fopen(p, "r");
	if (f) {
		if (fscanf(f, "%u", &id) != 1)
			id = 0;
		fclose(f);
	}
	return id;
}

/* the fields of a warning about a waiting request */
static void fields(const struct lock_data *d, int id, const char *res, int gr, int rq, int status,
		   uint64_t xid)
{
	CHECK(warning.g.cmd == CMD_TIMEOUT && warning.g.version == 1, "ctl-18: command and version");
	IS(warning.n.nlmsg_pid, 0, "ctl-18: from the kernel");
	IS(((struct nlattr *)warning.data)->nla_type, ATTR_LOCK, "ctl-18: one attribute of type 1");
	IS(((struct nlattr *)warning.data)->nla_len, NLA_HDRLEN + sizeof(*d), "ctl-18: its length");
	IS(warning.n.nlmsg_len, NLMSG_LENGTH(GENL_HDRLEN) + NLA_ALIGN(NLA_HDRLEN + sizeof(*d)),
	   "ctl-18: nothing else");
	IS(d->version, 1, "ctl-18: version of the structure");
	IS(d->lockspace_id, sysfs_id("warn"), "ctl-18: lockspace id");
	IS(d->nodeid, 0, "ctl-18: local master");
	IS(d->ownpid, syscall(SYS_gettid), "ctl-18: owner");
	IS(d->id, id, "ctl-18: lock id");
	IS(d->remid, 0, "ctl-18: remote id");
	IS(d->xid, xid, "ctl-18: xid");
	IS(d->status, status, "ctl-18: status");
	IS(d->grmode, gr, "ctl-18: granted mode");
	IS(d->rqmode, rq, "ctl-18: wanted mode");
	IS(d->timestamp, 0, "ctl-18: timestamp");
	CHECK(d->namelen == (int)strlen(res) && !memcmp(d->name, res, d->namelen), "ctl-18: name");
}

/* lang-21, ctl-18: DLM_LSFL_TIMEWARN */
static void warnings(void)
{
	int family, version = 0, s = nl_open(), old = nl_open(), h, a, quiet, conv, ch, id[2] = { 0 };
	int ms = (WARN_S + SCAN_S) * 1000 + 10000 * t_factor(), i, late;
	struct lock_data *d;
	double t;

	family = nl_family("DLM", &version);
	CHECK(family > 0, "ctl-18: family DLM: %d", family);
	IS(version, 1, "ctl-18: its version");
	IS(nl_send(old, family, CMD_HELLO, 1, "x", 1), 0, "ctl-18: HELLO with attribute 1");
	IS(nl_send(s, family, CMD_HELLO, 0, "odd12", 5), 0,
	   "ctl-18: HELLO with an attribute of type 0 and length 5");
	fd = t_ls_new("warn", DLM_LSFL_TIMEWARN);
	h = GRANT(fd, EX, 0, "tw");
	conv = GRANT(fd, NL, 0, "tw2");
	ch = GRANT(fd, EX, 0, "tw2");
	t = t_now();
	a = timed("tw", PR, 0, 0, 0x123456789aULL);
	quiet = timed("tw", PR, LKF_NODLCKWT, 0, 7);
	timed_conv(conv, PW, 0, 0);

	for (i = 0; i < 2; i++) {
		d = nl_warning(s, ms);
		if (!CHECK(d, "lang-21: warning %d", i + 1))
			break;
		t = t_now() - t;
		CHECK(i || t >= WARN_S - 0.1, "lang-21: not too early (%.1f s)", t);
		id[i] = d->id;
		if ((int)d->id == a)
			fields(d, a, "tw", -1, PR, 1, 0x123456789aULL);
		else
			fields(d, conv, "tw2", NL, PW, 3, 0);
	}
	CHECK((id[0] == a && id[1] == conv) || (id[0] == conv && id[1] == a),
	      "lang-21: one for the request, one for the conversion");
	/* a wait that begins now is warned of one or two scans later; by then any repetition
	 * for the others would have come
	 */
	late = timed("tw", CR, 0, 0, 1);
	d = nl_warning(s, ms);
	CHECK(d && (int)d->id == late, "lang-21: once per wait: the next is for another lock");
	CHECK(d && (int)d->id != quiet, "lang-21: NODLCKWT is not warned of");
	CHECK(!nl_warning(old, 0), "ctl-18: the last who said HELLO listens alone");
	t_drain(fd);
	/* TIMEWARN does not cancel */
	t_drop(fd, h);
	CAST(fd, a, 0, "lang-21: granted in the end");
	t_drop(fd, ch);
	CAST(fd, conv, 0, "lang-21: converted in the end");
	close(s);
	close(old);
	IS(t_ls_free(fd), 0, "lang-21: release");
}

int main(void)
{
	t_init();
	if (t_stock()) {
		t_check(true, T_WHERE, "", "nothing of this in Linux");
		return t_done();
	}
	fd = t_ls_new("timeout", 0);
	timeouts();
	IS(t_ls_free(fd), 0, "release");
	warnings();
	return t_done();
}
