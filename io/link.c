/*
 * From a frame of some link layer to the IP packet inside it: see link.h.
 *
 * Every header is read through one bounds-checked walk over the frame with a sticky error: a read past the
 * end gives zero and is noticed once, at the end, by finish(). So no decoder here tests for the end of the
 * frame, and none can read beyond it.
 *
 * Invariants: at <= end <= wire_end at all times; every loop and every nesting is bounded by a constant or
 * consumes bytes; a frame cut by the snap length is never taken for something else than the whole frame
 * would be.
 *
 * Sources: https://www.tcpdump.org/linktypes.html and the pages it links; IEEE 802.3, 802.1Q, 802.2, RFC
 * 1042 (SNAP); RFC 1661, 1662 (PPP), 2516 (PPPoE), 3032 (MPLS); IEEE 802.11-2016 9.2, 9.3;
 * https://www.radiotap.org.
 */
#include "io/link.h"

#include <pcap/dlt.h>
#include <stddef.h>
#include <string.h>

/* Values of the file format that libpcap's header has no name for. */
#define LINKTYPE_RAW		101	/* what pcap files have for DLT_RAW */
#define DLT_RAW_OPENBSD		14	/* DLT_RAW's value there */
#define DLT_RAW_ELSEWHERE	12

#define VLAN_TAGS_MAX		8
#define MPLS_LABELS_MAX		16
#define LAYERS_MAX		16	/* nested ethertypes, e.g. VLAN, then LLC/SNAP, then VLAN again */

struct walk {
	const uint8_t *data;
	uint32_t at;		/* the next byte */
	uint32_t end;		/* bytes present */
	uint32_t wire_end;	/* bytes that there were on the wire */
	uint32_t layers;
	bool over;		/* something wanted to be read past `end` */
	struct io_link_result *out;
};

static void by_ethertype(struct walk *w, uint16_t type);

/* The reader. */

static void skip(struct walk *w, uint32_t count)
{
	if (count > w->end - w->at) {
		w->over = true;
		count = w->end - w->at;
	}
	w->at += count;
}

static uint8_t peek8(struct walk *w, uint32_t ahead)
{
	if (ahead >= w->end - w->at) {
		w->over = true;
		return 0;
	}
	return w->data[w->at + ahead];
}

static uint8_t read8(struct walk *w)
{
	uint8_t value = peek8(w, 0);

	skip(w, 1);
	return value;
}

static uint16_t read_be16(struct walk *w)
{
	unsigned high = read8(w);

	return (uint16_t)(high << 8 | read8(w));
}

static uint16_t read_le16(struct walk *w)
{
	unsigned low = read8(w);

	return (uint16_t)((unsigned)read8(w) << 8 | low);
}

static uint32_t read_be32(struct walk *w)
{
	uint32_t high = read_be16(w);

	return high << 16 | read_be16(w);
}

static uint32_t read_le32(struct walk *w)
{
	uint32_t low = read_le16(w);

	return (uint32_t)read_le16(w) << 16 | low;
}

/* A header said that it carries `count` bytes: what follows them is padding, or the next of several. */
static void limit(struct walk *w, uint32_t count)
{
	if (w->over)
		return;		/* the count was not read, and finish() must still see where the cut was */
	if (count < w->wire_end - w->at)
		w->wire_end = w->at + count;
	if (w->end > w->wire_end)
		w->end = w->wire_end;
}

static void drop_tail(struct walk *w, uint32_t count)
{
	uint32_t left = w->wire_end - w->at;

	limit(w, count < left ? left - count : 0);
}

/* The outcomes. The first one stands: a decoder that returns early has said what there is to say. */

static void is_ip(struct walk *w, uint16_t ethertype)
{
	w->out->kind = IO_LINK_IP;
	w->out->ethertype = ethertype;
}

static void is_other(struct walk *w, enum io_link_kind kind, const char *what)
{
	w->out->kind = (uint8_t)kind;
	w->out->what = what;
}

static void is_ipv4(struct walk *w)
{
	is_ip(w, 0x0800);
}

static void is_ipv6(struct walk *w)
{
	is_ip(w, 0x86dd);
}

/* Where nothing but the packet itself says which IP it is. */
static void by_ip_version(struct walk *w, const char *otherwise)
{
	unsigned version = peek8(w, 0) >> 4;

	if (version == 4)
		is_ipv4(w);
	else if (version == 6)
		is_ipv6(w);
	else
		is_other(w, IO_LINK_NOT_IP, otherwise);
}

static void decode_raw(struct walk *w)
{
	by_ip_version(w, "raw packet, neither IPv4 nor IPv6");
}

/* PPP, with and without what may be around it. */

static const struct {
	uint16_t protocol;
	const char *what;
} ppp_protocols[] = {
	{ 0x002d, "ppp, van jacobson compressed" },
	{ 0x002f, "ppp, van jacobson uncompressed" },
	{ 0x003d, "ppp multilink" },
	{ 0x0053, "ppp, encrypted" },
	{ 0x00fd, "ppp, compressed or encrypted" },
	{ 0x8021, "ppp ipcp" },
	{ 0x8057, "ppp ipv6cp" },
	{ 0x80fd, "ppp ccp" },
	{ 0xc021, "ppp lcp" },
	{ 0xc023, "ppp pap" },
	{ 0xc223, "ppp chap" },
};

static void by_ppp_protocol(struct walk *w)
{
	uint16_t protocol = read8(w);

	/* An odd first byte is a protocol field compressed to that byte (RFC 1661, 6.5). */
	if ((protocol & 1) == 0)
		protocol = (uint16_t)(protocol << 8 | read8(w));
	if (protocol == 0x0021) {
		is_ipv4(w);
		return;
	}
	if (protocol == 0x0057) {
		is_ipv6(w);
		return;
	}
	is_other(w, IO_LINK_NOT_IP, "ppp, another protocol");
	for (size_t i = 0; i < sizeof(ppp_protocols) / sizeof(ppp_protocols[0]); i++) {
		if (ppp_protocols[i].protocol == protocol)
			w->out->what = ppp_protocols[i].what;
	}
}

/* The address and control bytes ff 03 are there unless they were negotiated away. */
static void decode_ppp(struct walk *w)
{
	if (peek8(w, 0) == 0xff && peek8(w, 1) == 0x03)
		skip(w, 2);
	by_ppp_protocol(w);
}

static void decode_cisco_hdlc(struct walk *w)
{
	skip(w, 2);
	uint16_t type = read_be16(w);

	if (type == 0x8035) {
		w->out->ethertype = type;
		is_other(w, IO_LINK_NOT_IP, "cisco slarp");
	} else {
		by_ethertype(w, type);
	}
}

static void decode_ppp_serial(struct walk *w)
{
	uint8_t address = peek8(w, 0);

	if (address == 0x0f || address == 0x8f) {
		decode_cisco_hdlc(w);
		return;
	}
	skip(w, 2);
	by_ppp_protocol(w);
}

/* pppd's: the address byte is the direction. */
static void decode_ppp_pppd(struct walk *w)
{
	skip(w, 2);
	by_ppp_protocol(w);
}

static void decode_ppp_with_direction(struct walk *w)
{
	skip(w, 1);
	decode_ppp(w);
}

static void decode_pppoe_session(struct walk *w)
{
	uint8_t version_type = read8(w);
	uint8_t code = read8(w);

	skip(w, 2);
	limit(w, read_be16(w));
	if (version_type != 0x11)
		is_other(w, IO_LINK_MALFORMED, "pppoe of an unknown version");
	else if (code != 0)
		is_other(w, IO_LINK_NOT_IP, "pppoe discovery");
	else
		by_ppp_protocol(w);
}

/* MPLS: nothing says what is under the last label; routers look at the version nibble too (RFC 4928). */
static void decode_mpls(struct walk *w)
{
	for (unsigned i = 0; i < MPLS_LABELS_MAX; i++) {
		if (read_be32(w) & 0x100) {
			by_ip_version(w, "mpls, not ip");
			return;
		}
	}
	is_other(w, IO_LINK_MALFORMED, "mpls labels stacked too deep");
}

/* 802.2 LLC, and what it carries. */

static const struct {
	uint8_t sap;
	const char *what;
} saps[] = {
	{ 0x42, "spanning tree" },
	{ 0xaa, "llc, another snap frame" },
	{ 0xe0, "ipx" },
	{ 0xf0, "netbeui" },
	{ 0xfe, "osi" },
	{ 0xff, "ipx" },
};

static void decode_snap(struct walk *w)
{
	uint32_t organisation = (uint32_t)read_be16(w) << 8 | read8(w);
	uint16_t type = read_be16(w);

	/* 0 says ethertype (RFC 1042); 0000f8 too, for what 802.1H bridges translate. */
	if ((organisation == 0 || organisation == 0x0000f8) && type >= 0x0600) {
		by_ethertype(w, type);
		return;
	}
	w->out->ethertype = type;
	is_other(w, IO_LINK_NOT_IP, "snap, an organisation's own protocol");
}

static void decode_llc(struct walk *w)
{
	uint8_t to = read8(w), from = read8(w), control = read8(w);

	if (to == 0xaa && from == 0xaa && control == 0x03) {
		decode_snap(w);
		return;
	}
	if (to == 0x06 && from == 0x06 && control == 0x03) {
		is_ipv4(w);
		return;
	}
	is_other(w, IO_LINK_NOT_IP, "llc");
	for (size_t i = 0; i < sizeof(saps) / sizeof(saps[0]); i++) {
		if (saps[i].sap == to)
			w->out->what = saps[i].what;
	}
}

/* Ethernet's types. */

static void decode_vlan(struct walk *w)
{
	uint16_t tag = read_be16(w);
	uint16_t type = read_be16(w);

	if (w->out->vlan_count == VLAN_TAGS_MAX) {
		is_other(w, IO_LINK_MALFORMED, "vlan tags nested too deep");
		return;
	}
	if (w->out->vlan_count++ == 0)
		w->out->vlan = tag & 0x0fff;
	by_ethertype(w, type);
}

static void decode_macsec(struct walk *w)
{
	is_other(w, IO_LINK_ENCRYPTED, "macsec");
}

static const struct {
	uint16_t type;
	void (*decode)(struct walk *);	/* NULL: it is `what` */
	const char *what;
} ethertypes[] = {
	{ 0x0800, is_ipv4, NULL },
	{ 0x86dd, is_ipv6, NULL },
	{ 0x8100, decode_vlan, NULL },
	{ 0x88a8, decode_vlan, NULL },
	{ 0x9100, decode_vlan, NULL },
	{ 0x9200, decode_vlan, NULL },
	{ 0x8864, decode_pppoe_session, NULL },
	{ 0x8847, decode_mpls, NULL },
	{ 0x8848, decode_mpls, NULL },
	{ 0x8870, decode_llc, NULL },	/* jumbo frames: a length would not fit */
	{ 0x88e5, decode_macsec, NULL },
	{ 0x0806, NULL, "arp" },
	{ 0x0842, NULL, "wake on lan" },
	{ 0x2000, NULL, "cdp" },
	{ 0x6558, NULL, "bridged ethernet" },
	{ 0x8035, NULL, "rarp" },
	{ 0x809b, NULL, "appletalk" },
	{ 0x80f3, NULL, "appletalk arp" },
	{ 0x8137, NULL, "ipx" },
	{ 0x8808, NULL, "ethernet pause" },
	{ 0x8809, NULL, "lacp" },
	{ 0x880b, NULL, "ppp" },
	{ 0x8863, NULL, "pppoe discovery" },
	{ 0x888e, NULL, "eapol" },
	{ 0x8899, NULL, "realtek" },
	{ 0x88a2, NULL, "ata over ethernet" },
	{ 0x88c7, NULL, "802.11 preauthentication" },
	{ 0x88cc, NULL, "lldp" },
	{ 0x88e1, NULL, "homeplug" },
	{ 0x88e7, NULL, "provider backbone bridge" },
	{ 0x88f7, NULL, "ptp" },
	{ 0x8902, NULL, "cfm" },
	{ 0x8906, NULL, "fcoe" },
	{ 0x8912, NULL, "homeplug" },
	{ 0x893a, NULL, "ieee 1905" },
	{ 0x9000, NULL, "ethernet loopback" },
};

static void by_ethertype(struct walk *w, uint16_t type)
{
	if (++w->layers > LAYERS_MAX) {
		is_other(w, IO_LINK_MALFORMED, "link headers nested too deep");
		return;
	}
	if (type <= 1500) {	/* not a type, but 802.3's length */
		limit(w, type);
		decode_llc(w);
		return;
	}
	w->out->ethertype = type;
	for (size_t i = 0; i < sizeof(ethertypes) / sizeof(ethertypes[0]); i++) {
		if (ethertypes[i].type != type)
			continue;
		if (ethertypes[i].decode != NULL)
			ethertypes[i].decode(w);
		else
			is_other(w, IO_LINK_NOT_IP, ethertypes[i].what);
		return;
	}
	is_other(w, IO_LINK_NOT_IP, "another ethertype");
}

static void decode_ethernet(struct walk *w)
{
	skip(w, 12);
	by_ethertype(w, read_be16(w));
}

/* BSD loopback: the address family, in the capturing machine's numbers and byte order (or the network's). */
static void decode_null(struct walk *w)
{
	uint32_t family = read_be32(w);

	if (family > 0xffff)
		family = (family >> 24) | (family >> 8 & 0xff00) | (family & 0xff00) << 8 | family << 24;
	switch (family) {
	case 2:
		is_ipv4(w);
		break;
	case 10:	/* Linux; something else on BSD, as the next: so the packet must agree */
	case 23:	/* Windows */
		by_ip_version(w, "loopback frame of another address family");
		break;
	case 24:	/* NetBSD, OpenBSD */
	case 28:	/* FreeBSD */
	case 30:	/* Darwin */
		is_ipv6(w);
		break;
	default:
		is_other(w, IO_LINK_NOT_IP, "loopback frame of another address family");
	}
}

/* IEEE 802.11. */

#define WLAN_TO_DS		0x01
#define WLAN_FROM_DS		0x02
#define WLAN_MORE_FRAGMENTS	0x04
#define WLAN_PROTECTED		0x40
#define WLAN_ORDER		0x80
#define WLAN_NO_DATA		0x4	/* bits of a data frame's subtype */
#define WLAN_QOS		0x8
#define WLAN_QOS_AMSDU		0x80

static const char *const wlan_types[] = {
	"802.11 management frame", "802.11 control frame", NULL, "802.11 extension frame",
};

/* An aggregate: the first of its frames is read. */
static void decode_amsdu(struct walk *w)
{
	skip(w, 12);
	uint16_t length = read_be16(w);
	bool more = length < w->wire_end - w->at;

	limit(w, length);
	decode_llc(w);
	if (more && w->out->kind == IO_LINK_IP)
		w->out->what = "first packet of an 802.11 aggregate; the others are not read";
}

/* `padded`: the header is filled up to a multiple of four bytes, as some hardware does and radiotap says. */
static void decode_wlan_padded(struct walk *w, bool padded)
{
	uint32_t start = w->at;
	uint8_t control = read8(w), flags = read8(w);
	unsigned version = control & 3, type = control >> 2 & 3, subtype = control >> 4;
	unsigned fragment;
	uint8_t qos = 0;

	if (version != 0 || type != 2) {
		is_other(w, IO_LINK_NOT_IP,
			 version != 0 ? "802.11 frame of another version" : wlan_types[type]);
		return;
	}
	skip(w, 20);
	fragment = read_le16(w) & 0xf;
	if ((flags & (WLAN_TO_DS | WLAN_FROM_DS)) == (WLAN_TO_DS | WLAN_FROM_DS))
		skip(w, 6);
	if (subtype & WLAN_QOS) {
		qos = read8(w);
		skip(w, 1);
		if (flags & WLAN_ORDER)
			skip(w, 4);	/* HT control */
	}
	if (padded)
		skip(w, (4 - (w->at - start) % 4) % 4);

	if (subtype & WLAN_NO_DATA)
		is_other(w, IO_LINK_NOT_IP, "802.11 null data");
	else if (flags & WLAN_PROTECTED)
		is_other(w, IO_LINK_ENCRYPTED, "802.11 protected data");
	else if (fragment != 0 || (flags & WLAN_MORE_FRAGMENTS))
		is_other(w, IO_LINK_NOT_IP, "802.11 fragment");
	else if (qos & WLAN_QOS_AMSDU)
		decode_amsdu(w);
	else
		decode_llc(w);
}

static void decode_wlan(struct walk *w)
{
	decode_wlan_padded(w, false);
}

#define RADIOTAP_TSFT		(1u << 0)
#define RADIOTAP_FLAGS		(1u << 1)
#define RADIOTAP_MORE		(1u << 31)
#define RADIOTAP_FLAG_FCS	0x10
#define RADIOTAP_FLAG_PADDED	0x20

/*
 * Of radiotap's fields only the flags matter. That the sniffer found the frame check sequence wrong (0x40)
 * does not stop us: the station that the frame was meant for may have heard it well, and the checksums
 * inside decide.
 */
static void decode_radiotap(struct walk *w)
{
	uint32_t start = w->at;
	uint8_t version = read8(w), flags = 0;

	skip(w, 1);
	uint32_t length = read_le16(w);
	uint32_t present = read_le32(w), more = present;

	while ((more & RADIOTAP_MORE) && w->at - start < length && !w->over)
		more = read_le32(w);
	if (present & RADIOTAP_TSFT)
		skip(w, (8 - (w->at - start) % 8) % 8 + 8);
	if (present & RADIOTAP_FLAGS)
		flags = read8(w);
	if (version != 0 || w->at - start > length) {
		is_other(w, IO_LINK_MALFORMED, "radiotap header with a wrong version or length");
		return;
	}
	skip(w, length - (w->at - start));
	if (flags & RADIOTAP_FLAG_FCS)
		drop_tail(w, 4);
	decode_wlan_padded(w, flags & RADIOTAP_FLAG_PADDED);
}

static void decode_avs(struct walk *w)
{
	skip(w, 4);
	uint32_t length = read_be32(w);

	if (length < 8) {
		is_other(w, IO_LINK_MALFORMED, "avs header with a wrong length");
		return;
	}
	skip(w, length - 8);
	decode_wlan(w);
}

/* Some drivers said Prism and wrote AVS. Prism's own header has one size, whatever its length field says. */
static void decode_prism(struct walk *w)
{
	if (peek8(w, 0) == 0x80 && peek8(w, 1) == 0x21 && peek8(w, 2) == 0x10) {
		decode_avs(w);
		return;
	}
	skip(w, 144);
	decode_wlan(w);
}

/* Linux cooked captures. */

#define ARPHRD_FRAD		770
#define ARPHRD_RADIOTAP		803
#define ARPHRD_NETLINK		824
#define COOKED_LLC		0x0004

static void decode_cooked(struct walk *w, uint16_t device, uint16_t protocol)
{
	if (device == ARPHRD_RADIOTAP)
		decode_radiotap(w);
	else if (device == ARPHRD_NETLINK)
		is_other(w, IO_LINK_NOT_IP, "netlink");
	else if (device == ARPHRD_FRAD)
		is_other(w, IO_LINK_NOT_IP, "frame relay");
	else if (protocol == COOKED_LLC)
		decode_llc(w);
	else if (protocol < 0x0600)
		is_other(w, IO_LINK_NOT_IP, "cooked frame without an ethertype");
	else
		by_ethertype(w, protocol);
}

static void decode_sll(struct walk *w)
{
	skip(w, 2);
	uint16_t device = read_be16(w);

	skip(w, 10);
	decode_cooked(w, device, read_be16(w));
}

static void decode_sll2(struct walk *w)
{
	uint16_t protocol = read_be16(w);

	skip(w, 6);
	uint16_t device = read_be16(w);

	skip(w, 10);
	decode_cooked(w, device, protocol);
}

/* The list of link types. */

static const struct link_type {
	int dlt;
	void (*decode)(struct walk *);
} link_types[] = {
	{ DLT_EN10MB, decode_ethernet },
	{ DLT_LINUX_SLL, decode_sll },
	{ DLT_LINUX_SLL2, decode_sll2 },
	{ DLT_RAW_ELSEWHERE, decode_raw },
	{ DLT_RAW_OPENBSD, decode_raw },
	{ LINKTYPE_RAW, decode_raw },
	{ DLT_IPV4, is_ipv4 },
	{ DLT_IPV6, is_ipv6 },
	{ DLT_NULL, decode_null },
	{ 108, decode_null },	/* DLT_LOOP but for OpenBSD, whose 12 files do not have */
	{ DLT_PPP, decode_ppp },
	{ DLT_PPP_SERIAL, decode_ppp_serial },
	{ DLT_PPP_ETHER, decode_pppoe_session },
	{ DLT_PPP_PPPD, decode_ppp_pppd },
	{ DLT_PPP_WITH_DIR, decode_ppp_with_direction },
	{ DLT_C_HDLC, decode_cisco_hdlc },
	{ DLT_IEEE802_11, decode_wlan },
	{ DLT_IEEE802_11_RADIO, decode_radiotap },
	{ DLT_PRISM_HEADER, decode_prism },
	{ DLT_IEEE802_11_RADIO_AVS, decode_avs },
};

static const struct link_type *find_type(int dlt)
{
	for (size_t i = 0; i < sizeof(link_types) / sizeof(link_types[0]); i++) {
		if (link_types[i].dlt == dlt)
			return &link_types[i];
	}
	return NULL;
}

bool io_link_supported(int dlt)
{
	return find_type(dlt) != NULL;
}

/* What a header read in part has said counts for nothing: not even a VLAN id. */
static void finish(struct walk *w)
{
	struct io_link_result *out = w->out;

	if (w->over) {
		bool cut = w->end < w->wire_end;

		memset(out, 0, sizeof(*out));
		out->kind = cut ? IO_LINK_TRUNCATED : IO_LINK_MALFORMED;
		out->what = cut ? "cut by the snap length before the ip header" :
				  "too short for its link header";
	} else if (out->kind == IO_LINK_IP) {
		out->offset = w->at;
		out->len = w->end - w->at;
		out->wire_len = w->wire_end - w->at;
	}
}

bool io_link_decode(int dlt, const uint8_t *data, uint32_t caplen, uint32_t wirelen,
		    struct io_link_result *result)
{
	const struct link_type *type = find_type(dlt);
	struct walk w = {
		.data = data,
		.end = caplen,
		.wire_end = wirelen > caplen ? wirelen : caplen,
		.out = result,
	};

	memset(result, 0, sizeof(*result));
	if (type == NULL) {
		is_other(&w, IO_LINK_UNSUPPORTED, "link type not supported");
		return false;
	}
	type->decode(&w);
	finish(&w);
	return result->kind == IO_LINK_IP;
}
