// SPDX-License-Identifier: GPL-2.0
/*
 * What nodes say to each other, read off the ethernet: a line for each packet of the
 * DLM's port (TCP or SCTP), and a line that begins with BAD for what no node may send.
 *
 * usage: raw_wire watch INTERFACE FILE	in the background, until it is killed; the file begins
 *					with "pid PID"
 *	  raw_wire read PCAP		the same of packets that tcpdump wrote, on standard output
 *	  raw_wire dir NAME ID[:WEIGHT]...	the directory node of a name
 *	  raw_wire pick PREFIX COUNT WANTED ID[:WEIGHT]...
 *		COUNT names PREFIX0 ... whose directory node is WANTED
 *
 * Lines: "SECONDS FROM>TO KIND key=value...", numbers decimal, FROM and TO the last byte of
 * the IPv4 address.  KIND is the name of the message or recovery message, ACK or FIN; seq=- if
 * it is bare; "again" at the end of what was sent before.  "pick" and "h" (upper half of the
 * hash) use code of their own: a test must not judge by what it tests.  "MARK NUMBER" is a
 * number that came in a UDP packet for port 21065, so a script knows how far this is.
 * Connections: SYN, SYNACK, EOF, RST; of SCTP this is INIT, INIT ACK, SHUTDOWN and ABORT.
 *
 * BAD is: a length, version or node id that cannot be; a number that leaves one out, but
 * for what follows a new connection; another number than 0 after FIN; an ACK for what was not
 * sent; an envelope that does not fit what is in it; a message with another hash than that of
 * its name.
 */
#include "t.h"
#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define PORT		21064
#define MARK_PORT	21065
#define FLOWS		256
#define NODES		256
#define HELD		4096	/* pieces of one flow that came before one that is missing */
#define PACKET_MAX	4096
#define VERSION_32	0x00030002
#define VERSION_31	0x00030001

enum { CMD_MSG = 1, CMD_RCOM, CMD_OPTS, CMD_ACK, CMD_FIN };

/* kinds of chunks */
enum { SCTP_DATA = 0, SCTP_INIT = 1, SCTP_INIT_ACK = 2, SCTP_ABORT = 6, SCTP_SHUTDOWN = 7 };

/* a piece of what SCTP or TCP carries */
struct chunk {
	struct chunk *other;	/* TCP: one more, anywhere behind what is missing */
	uint32_t seq;		/* TCP */
	int len;
	unsigned char data[];
};

/* one direction of a connection; of SCTP, which has several addresses, from and to are nodes */
struct flow {
	uint32_t from, to;
	uint16_t fport, tport;
	int sender, receiver;	/* nodes */
	struct chunk **held;	/* SCTP: by number, modulo HELD */
	struct chunk *early;	/* TCP: in no order */
	int count;		/* of those */
	bool synced;		/* next and buf are at a known place of the stream */
	uint32_t next;		/* byte of TCP, chunk of SCTP */
	uint32_t acked;		/* TCP: what the receiver has said that it has */
	int len;
	unsigned char buf[PACKET_MAX * 2];
};

/* one direction of a conversation, over all its connections */
struct talk {
	uint32_t next;		/* number after the highest one seen */
	uint32_t first;		/* hash of what had number 0 */
	bool ended;		/* FIN was said: the next number is 0 */
	bool fresh;		/* a connection began since the last packet in order */
	bool blind;		/* nothing is seen of it until the next connection */
};

static struct flow flows[FLOWS];
static struct talk talks[NODES][NODES];
static FILE *out;
static FILE *line;	/* what is said of one packet, until it is whole: what is BAD has a line of its own */
static char *line_text;
static size_t line_len;
static double now;

static const char *const msg_names[] = {
	"0", "REQUEST", "CONVERT", "UNLOCK", "CANCEL", "REQUEST_REPLY", "CONVERT_REPLY",
	"UNLOCK_REPLY", "CANCEL_REPLY", "GRANT", "BAST", "LOOKUP", "REMOVE", "LOOKUP_REPLY", "PURGE",
};

static const char *const rcom_names[] = {
	"0", "STATUS", "NAMES", "RLOOKUP", "LOCK", "STATUS_REPLY", "NAMES_REPLY",
	"RLOOKUP_REPLY", "LOCK_REPLY",
};

static uint16_t get16(const unsigned char *p)
{
	return p[0] | p[1] << 8;
}

static uint32_t get32(const unsigned char *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

/* --- directory ---------------------------------------------------------- */

static uint32_t rol(uint32_t x, int k)
{
	return x << k | x >> (32 - k);
}

/* lookup3, little-endian, as in messages.md 2 */
static uint32_t hash_of(const unsigned char *k, uint32_t len)
{
	static const int mix[6] = { 4, 6, 8, 16, 19, 4 };
	static const int last[7] = { 14, 11, 25, 16, 4, 14, 24 };
	uint32_t s[3], n = len;
	int i;

	s[0] = s[1] = s[2] = 0xdeadbeef + len;
	for (; n > 12; n -= 12, k += 12) {
		for (i = 0; i < 3; i++)
			s[i] += get32(k + 4 * i);
		for (i = 0; i < 6; i++) {
			uint32_t *a = &s[i % 3], *b = &s[(i + 1) % 3], *c = &s[(i + 2) % 3];

			*a -= *c;
			*a ^= rol(*c, mix[i]);
			*c += *b;
		}
	}
	if (!n)
		return s[2];
	for (i = 0; i < (int)n; i++)
		s[i / 4] += (uint32_t)k[i] << 8 * (i % 4);
	for (i = 0; i < 7; i++) {
		uint32_t *x = &s[(i + 2) % 3], *y = &s[(i + 1) % 3];

		*x ^= *y;
		*x -= rol(*y, last[i]);
	}
	return s[2];
}

static int directory(const char *name, char **ids)
{
	int array[1024], n = 0, w, id;
	char *colon;

	for (; *ids; ids++) {
		id = strtol(*ids, &colon, 10);
		for (w = *colon == ':' ? atoi(colon + 1) : 1; w > 0 && n < 1024; w--)
			array[n++] = id;
	}
	if (!n)
		T_DIE("no node");
	return array[(hash_of((const void *)name, strlen(name)) >> 16) % n];
}

static int pick(char **argv)
{
	int want = atoi(argv[2]), n = atoi(argv[1]), i;
	char name[65];

	for (i = 0; n > 0; i++) {
		snprintf(name, sizeof(name), "%s%d", argv[0], i);
		if (directory(name, argv + 3) != want)
			continue;
		printf("%s ", name);
		n--;
	}
	puts("");
	return 0;
}

/* --- packets ------------------------------------------------------------ */

__attribute__((format(printf, 3, 4)))
static void bad(int from, int to, const char *fmt, ...)
{
	va_list ap;

	fprintf(out, "BAD %.3f %d>%d ", now, from, to);
	va_start(ap, fmt);
	vfprintf(out, fmt, ap);
	va_end(ap);
	fputc('\n', out);
}

static void print_name(const unsigned char *p, int len)
{
	int i;

	fputs(" name=", line);
	for (i = 0; i < len; i++) {
		if (p[i] > ' ' && p[i] < 127)
			fputc(p[i], line);
		else
			fprintf(line, "\\%02x", p[i]);
	}
}

static void print_msg(int from, int to, const unsigned char *p, int len)
{
	uint32_t type = get32(p + 16);

	if (!type || type >= sizeof(msg_names) / sizeof(msg_names[0]))
		bad(from, to, "message type %u", type);
	fprintf(line, " %s ls=%u node=%d lkid=%u remid=%u ex=%u sb=%u fl=%u lvbseq=%u h=%u st=%u gr=%d rq=%d bast=%d asts=%u res=%d tail=%d",
		type < 15 ? msg_names[type] : "?", get32(p + 4), get32(p + 20), get32(p + 28),
		get32(p + 32), get32(p + 44), get32(p + 48), get32(p + 52), get32(p + 56),
		get32(p + 60) >> 16, get32(p + 64), get32(p + 68), get32(p + 72), get32(p + 76),
		get32(p + 80), get32(p + 84), len - 88);
	if (type != 1 && type != 11 && type != 12)
		return;
	print_name(p + 88, len - 88);
	if (get32(p + 60) != hash_of(p + 88, len - 88))
		bad(from, to, "hash %08x of a name of %d bytes", get32(p + 60), len - 88);
}

static void print_rcom(int from, int to, const unsigned char *p, int len)
{
	uint32_t type = get32(p + 16);

	if (!type || type >= sizeof(rcom_names) / sizeof(rcom_names[0]))
		bad(from, to, "recovery message type %u", type);
	fprintf(line, " %s ls=%u res=%d id=%u rseq=%u reply=%u len=%d", type < 9 ? rcom_names[type] : "?",
		get32(p + 4), get32(p + 20), get32(p + 24), get32(p + 32), get32(p + 40), len);
	if (type == 5 && len >= 80)
		fprintf(line, " lvblen=%u flags=%u slot=%u slots=%u gen=%u", get32(p + 48), get32(p + 52),
			get16(p + 60), get16(p + 62), get32(p + 64));
	if (type == 3)
		print_name(p + 48, len - 48);
	if ((type == 4 || type == 8) && len >= 156) {
		fprintf(line, " result=%d rq=%d gr=%d st=%d wait=%d", get32(p + 80), (signed char)p[84],
			(signed char)p[85], (signed char)p[86], get16(p + 88));
		print_name(p + 92, get16(p + 90) <= 64 ? get16(p + 90) : 64);
	}
}

static void print_inner(int from, int to, const unsigned char *p, int len)
{
	if (p[14] == CMD_MSG && len >= 88)
		print_msg(from, to, p, len);
	else if (p[14] == CMD_RCOM && len >= 48)
		print_rcom(from, to, p, len);
	else if (p[14] == CMD_FIN)
		fputs(" FIN", line);
	else
		bad(from, to, "command %d of %d bytes", p[14], len);
}

/*
 * The number of an envelope: was it sent before, or is one left out?  Number 0 begins anew
 * unless it is said word for word as before.
 */
static bool again(int from, int to, uint32_t seq, uint32_t hash)
{
	struct talk *t = &talks[from][to];

	if (!seq) {
		if (t->next && !t->ended && hash == t->first)
			return true;
		t->first = hash;
		t->ended = false;
	}
	if (t->ended && seq >= t->next)
		bad(from, to, "number %u after FIN", seq);
	if (seq == t->next || !seq) {
		t->next = seq + 1;
		t->fresh = false;
		return false;
	}
	if (seq < t->next)
		return true;
	if (!t->fresh)
		bad(from, to, "number %u after %u", seq, t->next - 1);
	t->next = seq + 1;
	return false;
}

/* a packet that something is in; seq is "-" if it is bare */
static void said(int from, int to, const char *seq, const unsigned char *p, int len, bool repeated)
{
	rewind(line);
	print_inner(from, to, p, len);
	fflush(line);
	fprintf(out, "%.3f %d>%d seq=%s%.*s%s\n", now, from, to, seq, (int)line_len, line_text,
		repeated ? " again" : "");
}

/* has the receiver got something that was not seen here, and may have been an envelope? */
static bool behind(int from, int to)
{
	const struct flow *f;

	for (f = flows; f < flows + FLOWS; f++) {
		if (f->sender == from && f->receiver == to && f->synced &&
		    (f->count || (int32_t)(f->acked - f->next) > 0))
			return true;
	}
	return talks[from][to].blind;
}

static void packet(int from, int to, const unsigned char *p, int len)
{
	uint32_t version = get32(p), seq = get32(p + 4);
	char number[16];
	int inner;

	if (version != VERSION_32 && version != VERSION_31)
		bad(from, to, "version %08x", version);
	if (get32(p + 8) != (uint32_t)from)
		bad(from, to, "node id %u", get32(p + 8));
	if (p[14] == CMD_ACK) {
		if (seq > talks[to][from].next && !behind(to, from))
			bad(from, to, "ACK %u, next is %u", seq, talks[to][from].next);
		fprintf(out, "%.3f %d>%d ACK next=%u\n", now, from, to, seq);
		return;
	}
	if (p[14] != CMD_OPTS) {
		said(from, to, "-", p, len, false);
		return;
	}
	inner = 24 + get16(p + 18);
	if (len < inner + 16 || get16(p + inner + 12) != len - inner || p[inner + 14] != p[16]) {
		bad(from, to, "envelope of %d bytes, inner %d of %d bytes", len, p[16],
		    len >= inner + 16 ? get16(p + inner + 12) : -1);
		return;
	}
	snprintf(number, sizeof(number), "%u", seq);
	said(from, to, number, p + inner, len - inner, again(from, to, seq, hash_of(p + inner, len - inner)));
	if (p[16] == CMD_FIN)
		talks[from][to].ended = true;
}

/* --- streams ------------------------------------------------------------ */

static void drop_held(struct flow *f)
{
	struct chunk *c;
	int i;

	while ((c = f->early)) {
		f->early = c->other;
		free(c);
	}
	f->count = 0;
	for (i = 0; f->held && i < HELD; i++) {
		free(f->held[i]);
		f->held[i] = NULL;
	}
}

static struct flow *flow_of(uint32_t from, uint32_t to, uint16_t fport, uint16_t tport)
{
	static int oldest;
	struct flow *f;

	for (f = flows; f < flows + FLOWS; f++)
		if (f->from == from && f->to == to && f->fport == fport && f->tport == tport)
			return f;
	f = &flows[oldest++ % FLOWS];
	drop_held(f);
	free(f->held);
	memset(f, 0, offsetof(struct flow, buf));
	f->from = from;
	f->to = to;
	f->fport = fport;
	f->tport = tport;
	return f;
}

/* a connection begins: what comes next is known */
static void begins(struct flow *f, int from, int to, uint32_t next, bool ack)
{
	drop_held(f);
	f->synced = true;
	f->sender = from;
	f->receiver = to;
	f->next = f->acked = next;
	f->len = 0;
	talks[from][to].fresh = talks[to][from].fresh = true;
	talks[from][to].blind = talks[to][from].blind = false;
	fprintf(out, "%.3f %d>%d SYN%s port=%d\n", now, from, to, ack ? "ACK" : "", ntohs(f->fport));
}

/* something is missing, and does not come */
static void hole(struct flow *f, int from, int to, int missing)
{
	fprintf(out, "HOLE %.3f %d>%d %d missing\n", now, from, to, missing);
	f->synced = false;
	talks[from][to].blind = true;
	drop_held(f);
}

static void parse(struct flow *f, int from, int to)
{
	int len;

	while (f->len >= 16) {
		len = get16(f->buf + 12);
		if (len < 16 || len > PACKET_MAX) {
			bad(from, to, "length %d", len);
			f->len = 0;
			f->synced = false;
			return;
		}
		if (f->len < len)
			return;
		packet(from, to, f->buf, len);
		f->len -= len;
		memmove(f->buf, f->buf + len, f->len);
	}
}

/* the next bytes of a stream */
static void feed(struct flow *f, int from, int to, const unsigned char *p, int n)
{
	int part;

	while (n && f->synced) {
		part = (int)sizeof(f->buf) - f->len;
		part = part < n ? part : n;
		memcpy(f->buf + f->len, p, part);
		f->len += part;
		p += part;
		n -= part;
		parse(f, from, to);
	}
}

static struct chunk *chunk_of(const unsigned char *p, int n)
{
	struct chunk *c = malloc(sizeof(*c) + n);

	if (!c)
		T_DIE("memory");
	c->len = n;
	memcpy(c->data, p, n);
	return c;
}

/* the first piece that can be read now, taken off */
static struct chunk *not_early(struct flow *f)
{
	struct chunk **p, *c;

	for (p = &f->early; (c = *p); p = &c->other) {
		if ((int32_t)(c->seq - f->next) <= 0) {
			*p = c->other;
			f->count--;
			return c;
		}
	}
	return NULL;
}

/* it begins where the stream is, or before */
static void take(struct flow *f, int from, int to, uint32_t seq, const unsigned char *p, int n)
{
	int old = (int32_t)(f->next - seq);

	if (old >= n)
		return;
	f->next = seq + n;
	feed(f, from, to, p + old, n - old);
}

static void segment(struct flow *f, int from, int to, uint32_t seq, const unsigned char *p, int n)
{
	int early = (int32_t)(seq - f->next);
	struct chunk *c;

	if (!f->synced)
		return;
	if (early > 0) {
		if (f->count == HELD) {
			hole(f, from, to, early);
			return;
		}
		c = chunk_of(p, n);
		c->seq = seq;
		c->other = f->early;
		f->early = c;
		f->count++;
		return;
	}
	take(f, from, to, seq, p, n);
	while ((c = not_early(f))) {
		take(f, from, to, c->seq, c->data, c->len);
		free(c);
	}
}

static void chunk(struct flow *f, int from, int to, uint32_t tsn, const unsigned char *p, int n)
{
	int early = (int32_t)(tsn - f->next);
	struct chunk *c;

	if (!f->synced || early < 0)
		return;
	if (!f->held)
		f->held = calloc(HELD, sizeof(*f->held));
	if (!f->held || early >= HELD) {
		hole(f, from, to, early);
		return;
	}
	if (f->held[tsn % HELD])
		return;
	c = chunk_of(p, n);
	f->held[tsn % HELD] = c;
	while (f->synced && (c = f->held[f->next % HELD])) {
		f->held[f->next++ % HELD] = NULL;
		feed(f, from, to, c->data, c->len);
		free(c);
	}
}

/* somebody wants to know how far this is: a number, by UDP */
static void mark(const unsigned char *b, int n)
{
	if (n > 8 && b[2] == MARK_PORT >> 8 && b[3] == (MARK_PORT & 255))
		fprintf(out, "MARK %d\n", atoi((const char *)b + 8));
}

/* the receiver of a stream has everything before @ack */
static void has(struct flow *f, uint32_t ack)
{
	if (f->synced && (int32_t)(ack - f->acked) > 0)
		f->acked = ack;
}

static void tcp_frame(const struct iphdr *ip, const unsigned char *b, int n)
{
	int from = ntohl(ip->saddr) & 255, to = ntohl(ip->daddr) & 255, off;
	struct tcphdr tcp;
	struct flow *f;

	if (n < (int)sizeof(tcp))
		return;
	memcpy(&tcp, b, sizeof(tcp));
	if (ntohs(tcp.source) != PORT && ntohs(tcp.dest) != PORT)
		return;
	/* before what it may say itself */
	if (tcp.ack && !tcp.syn)
		has(flow_of(ip->daddr, ip->saddr, tcp.dest, tcp.source), ntohl(tcp.ack_seq));
	f = flow_of(ip->saddr, ip->daddr, tcp.source, tcp.dest);
	off = tcp.doff * 4;
	if (tcp.syn) {
		begins(f, from, to, ntohl(tcp.seq) + 1, tcp.ack);
		return;
	}
	if (n > off)
		segment(f, from, to, ntohl(tcp.seq), b + off, n - off);
	/* an end counts like a byte */
	if (tcp.fin && ntohl(tcp.seq) + n - off == f->next)
		f->next++;
	if (tcp.rst)
		f->synced = false;
	if (tcp.fin || tcp.rst)
		fprintf(out, "%.3f %d>%d %s\n", now, from, to, tcp.rst ? "RST" : "EOF");
}

static uint16_t be16(const unsigned char *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

/* RFC 9260: a head of 12 bytes, then chunks, each of a multiple of 4 bytes */
static void sctp_frame(const struct iphdr *ip, const unsigned char *b, int n)
{
	int from = ntohl(ip->saddr) & 255, to = ntohl(ip->daddr) & 255, len;
	struct flow *f;

	if (n < 12 || (be16(b) != PORT && be16(b + 2) != PORT))
		return;
	f = flow_of(from, to, htons(be16(b)), htons(be16(b + 2)));
	for (b += 12, n -= 12; n >= 4; b += len, n -= len) {
		len = be16(b + 2);
		if (len < 4 || len > n)
			return;
		switch (b[0]) {
		case SCTP_DATA:
			if (len > 16)
				chunk(f, from, to, be32(b + 4), b + 16, len - 16);
			break;
		case SCTP_INIT:
		case SCTP_INIT_ACK:
			if (len < 20)
				break;
			begins(f, from, to, be32(b + 16), b[0] == SCTP_INIT_ACK);
			break;
		case SCTP_ABORT:
		case SCTP_SHUTDOWN:
			fprintf(out, "%.3f %d>%d %s\n", now, from, to, b[0] == SCTP_ABORT ? "RST" : "EOF");
			break;
		}
		len = (len + 3) & ~3;
	}
}

static void frame(const unsigned char *b, int n)
{
	struct iphdr ip;
	int off;

	if (n < (int)(14 + sizeof(ip) + 8) || b[12] != 8 || b[13])
		return;
	memcpy(&ip, b + 14, sizeof(ip));
	off = 14 + ip.ihl * 4;
	n = 14 + ntohs(ip.tot_len) < n ? 14 + ntohs(ip.tot_len) : n;
	if (n < off + 8)
		return;
	switch (ip.protocol) {
	case IPPROTO_UDP:
		mark(b + off, n - off);
		break;
	case IPPROTO_TCP:
		tcp_frame(&ip, b + off, n - off);
		break;
	case IPPROTO_SCTP:
		sctp_frame(&ip, b + off, n - off);
		break;
	}
}

static int listen_on(const char *name)
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), size = 32 << 20;
	struct packet_mreq mr = { .mr_type = PACKET_MR_PROMISC };
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };

	ll.sll_ifindex = mr.mr_ifindex = if_nametoindex(name);
	if (fd < 0 || bind(fd, (void *)&ll, sizeof(ll)))
		T_DIE("listen on %s", name);
	setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mr, sizeof(mr));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

static int watch(const char *name, const char *file)
{
	static unsigned char b[70000];
	struct sockaddr_ll ll;
	struct pollfd p = { .events = POLLIN };
	socklen_t sl;
	int n;

	p.fd = listen_on(name);
	out = fopen(file, "w");
	if (!out)
		T_DIE("open %s", file);
	if (daemon(1, 1))
		return 1;
	fprintf(out, "pid %d\n", getpid());
	for (;;) {
		/* nothing more for the moment: whoever waits for a line shall see it */
		if (!poll(&p, 1, 0))
			fflush(out);
		sl = sizeof(ll);
		n = recvfrom(p.fd, b, sizeof(b), 0, (void *)&ll, &sl);
		now = t_now();
		/* what is sent here comes by once as outgoing */
		if (n > 0)
			frame(b, n);
	}
}

/* pcap, microseconds, of this machine's byte order and of ethernet */
static int replay(const char *file)
{
	static unsigned char b[70000];
	struct { uint32_t magic, version, zone, digits, most, link; } head;
	struct { uint32_t sec, usec, len, whole; } each;
	FILE *in = fopen(file, "r");

	if (!in)
		T_DIE("open %s", file);
	if (fread(&head, sizeof(head), 1, in) != 1 || head.magic != 0xa1b2c3d4 || head.link != 1) {
		fprintf(stderr, "%s: not packets of an ethernet\n", file);
		return 1;
	}
	out = stdout;
	while (fread(&each, sizeof(each), 1, in) == 1) {
		if (each.len > sizeof(b) || fread(b, 1, each.len, in) != each.len)
			return 1;
		now = each.sec + each.usec / 1e6;
		frame(b, each.len);
	}
	return 0;
}

int main(int argc, char **argv)
{
	line = open_memstream(&line_text, &line_len);
	if (!line)
		T_DIE("memory");
	if (argc == 3 && !strcmp(argv[1], "read"))
		return replay(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "watch"))
		return watch(argv[2], argv[3]);
	if (argc > 5 && !strcmp(argv[1], "pick"))
		return pick(argv + 2);
	if (argc > 3 && !strcmp(argv[1], "dir"))
		return printf("%d\n", directory(argv[2], argv + 3)) < 0;
	fprintf(stderr, "usage: see the top of raw_wire.c\n");
	return 2;
}
