/*
 * From frame to IP packet, for every link type: a row for each kind of frame, written out in bytes from the
 * standards, with what must come out. Each row is then cut at every length, once by the snap length and
 * once on the wire, in memory of exactly that size, so that a sanitizer sees any read beyond it.
 *
 * Sources: those of io/link.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/link.h"

#define FRAME_MAX	512

#define IP4	"45000014 00000000 40060000 0a000001 0a000002 "
#define IP6	"60000000 00003b40 20010db8000000000000000000000001 20010db8000000000000000000000002 "
#define MACS	"020000000001 020000000002 "
#define SNAP	"aaaa03 000000 "

/* 802.11's header but for the frame control: duration, three addresses, sequence control (fragment 0). */
#define WLAN	"0000 020000000001 020000000002 020000000003 0000 "
#define ZEROS8	"0000000000000000"
#define ZEROS56	ZEROS8 ZEROS8 ZEROS8 ZEROS8 ZEROS8 ZEROS8 ZEROS8
#define PRISM	"44000000 90000000" ZEROS56 ZEROS56 ZEROS8 ZEROS8 ZEROS8
#define AVS	"80211001 00000040" ZEROS56

/* What must come out: IP4 or IP6 above at an offset, or something else. */
#define V4(at)				IO_LINK_IP, 0x0800, at, 20, 0, 0, NULL
#define V4_LEN(at, len)			IO_LINK_IP, 0x0800, at, len, 0, 0, NULL
#define V4_SAYS(at, what)		IO_LINK_IP, 0x0800, at, 20, 0, 0, what
#define V4_VLAN(at, vlan, count)	IO_LINK_IP, 0x0800, at, 20, vlan, count, NULL
#define V6(at)				IO_LINK_IP, 0x86dd, at, 40, 0, 0, NULL
#define V6_VLAN(at, vlan, count)	IO_LINK_IP, 0x86dd, at, 40, vlan, count, NULL
#define OTHER(type, what)		IO_LINK_NOT_IP, type, 0, 0, 0, 0, what
#define OTHER_VLAN(type, vlan, count, what)	IO_LINK_NOT_IP, type, 0, 0, vlan, count, what
#define SECRET(type, what)		IO_LINK_ENCRYPTED, type, 0, 0, 0, 0, what
#define BAD(type, what)			IO_LINK_MALFORMED, type, 0, 0, 0, 0, what
#define BAD_VLAN(type, vlan, count, what)	IO_LINK_MALFORMED, type, 0, 0, vlan, count, what
#define SHORT				"too short for its link header"

static const struct row {
	const char *name;
	int dlt;
	const char *hex;
	uint8_t kind;
	uint16_t ethertype;
	uint32_t offset, len;		/* IP only */
	uint16_t vlan;
	uint8_t vlan_count;
	const char *what;		/* NULL: plain IP */
} rows[] = {
	/* Ethernet */
	{ "ethernet", 1, MACS "0800" IP4, V4(14) },
	{ "ethernet ipv6", 1, MACS "86dd" IP6, V6(14) },
	{ "padding is the ip decoder's", 1, MACS "0800" IP4 "000000000000", V4_LEN(14, 26) },
	{ "no byte of ip", 1, MACS "0800", V4_LEN(14, 0) },
	{ "arp", 1, MACS "0806 0001080006040001", OTHER(0x0806, "arp") },
	{ "eapol", 1, MACS "888e 0103005f", OTHER(0x888e, "eapol") },
	{ "unheard of", 1, MACS "6666 00", OTHER(0x6666, "another ethertype") },
	{ "neither length nor type", 1, MACS "05dd 00", OTHER(0x05dd, "another ethertype") },
	{ "macsec", 1, MACS "88e5 2c0000000001", SECRET(0x88e5, "macsec") },

	/* 802.3 with LLC; the length cuts the padding */
	{ "llc snap", 1, MACS "001c" SNAP "0800" IP4 "0000", V4(22) },
	{ "llc snap, bridge tunnel", 1, MACS "001c aaaa03 0000f8 0800" IP4, V4(22) },
	{ "llc snap, cisco", 1, MACS "0010 aaaa03 00000c 2000 0000000000000000",
	  OTHER(0x2000, "snap, an organisation's own protocol") },
	{ "llc ip", 1, MACS "0017 060603" IP4, V4(17) },
	{ "spanning tree", 1, MACS "0004 424203 00", OTHER(0, "spanning tree") },
	{ "raw ipx", 1, MACS "0004 ffff 0022", OTHER(0, "ipx") },
	{ "llc", 1, MACS "0003 0000f3", OTHER(0, "llc") },
	{ "a length too short for llc", 1, MACS "0002 aaaa03 000000 0800" IP4, BAD(0, SHORT) },
	{ "jumbo llc", 1, MACS "8870" SNAP "0800" IP4, V4(22) },

	/* VLAN */
	{ "vlan", 1, MACS "8100 6064 0800" IP4, V4_VLAN(18, 100, 1) },
	{ "priority tag", 1, MACS "8100 e000 0800" IP4, V4_VLAN(18, 0, 1) },
	{ "qinq", 1, MACS "88a8 0fff 8100 0002 86dd" IP6, V6_VLAN(22, 4095, 2) },
	{ "qinq, old types", 1, MACS "9100 0007 9200 0002 0800" IP4, V4_VLAN(22, 7, 2) },
	{ "eight tags", 1,
	  MACS "8100 0001 8100 0002 8100 0003 8100 0004 8100 0005 8100 0006 8100 0007 8100 0008 0800" IP4,
	  V4_VLAN(46, 1, 8) },
	{ "nine tags", 1,
	  MACS "8100 0001 8100 0002 8100 0003 8100 0004 8100 0005 8100 0006 8100 0007 8100 0008"
	  "8100 0009 0800" IP4,
	  BAD_VLAN(0x8100, 1, 8, "vlan tags nested too deep") },
	{ "vlan, arp", 1, MACS "8100 0064 0806 0001", OTHER_VLAN(0x0806, 100, 1, "arp") },
	{ "vlan, llc", 1, MACS "8100 0064 001c" SNAP "0800" IP4, V4_VLAN(26, 100, 1) },
	{ "llc, vlan", 1, MACS "0020" SNAP "8100 0064 0800" IP4, V4_VLAN(26, 100, 1) },

	/* PPPoE and MPLS */
	{ "pppoe", 1, MACS "8864 1100 0001 0016 0021" IP4 "0000", V4(22) },
	{ "pppoe ipv6", 1, MACS "8864 1100 0001 002a 0057" IP6, V6(22) },
	{ "vlan, pppoe", 1, MACS "8100 0007 8864 1100 0001 0016 0021" IP4, V4_VLAN(26, 7, 1) },
	{ "pppoe lcp", 1, MACS "8864 1100 0001 0006 c021 09000008", OTHER(0x8864, "ppp lcp") },
	{ "pppoe discovery", 1, MACS "8863 1109 0000 0000", OTHER(0x8863, "pppoe discovery") },
	{ "pppoe session, a code", 1, MACS "8864 11a7 0001 0000", OTHER(0x8864, "pppoe discovery") },
	{ "pppoe 2", 1, MACS "8864 2100 0001 0016 0021" IP4, BAD(0x8864, "pppoe of an unknown version") },
	{ "mpls", 1, MACS "8847 00010140" IP4, V4(18) },
	{ "mpls, two labels", 1, MACS "8847 00010040 00020140" IP6, V6(22) },
	{ "mpls, pseudowire", 1, MACS "8848 00010140 00000000", OTHER(0x8848, "mpls, not ip") },
	{ "mpls without bottom", 1, MACS "8847" ZEROS56 ZEROS8, BAD(0x8847, "mpls labels stacked too deep") },

	/* Linux cooked */
	{ "sll", 113, "0000 0001 0006 0200000000010000 0800" IP4, V4(16) },
	{ "sll ipv6, a tunnel", 113, "0004 fffe 0000 0000000000000000 86dd" IP6, V6(16) },
	{ "sll vlan", 113, "0000 0001 0006 0200000000010000 8100 0064 0800" IP4, V4_VLAN(20, 100, 1) },
	{ "sll llc", 113, "0000 0001 0006 0200000000010000 0004" SNAP "0800" IP4, V4(24) },
	{ "sll arp", 113, "0000 0001 0006 0200000000010000 0806 0001", OTHER(0x0806, "arp") },
	{ "sll 802.3", 113, "0000 0001 0006 0200000000010000 0001 ffff",
	  OTHER(0, "cooked frame without an ethertype") },
	{ "sll netlink", 113, "0000 0338 0000 0000000000000000 0800" IP4, OTHER(0, "netlink") },
	{ "sll frame relay", 113, "0000 0302 0000 0000000000000000 0800" IP4, OTHER(0, "frame relay") },
	{ "sll gre", 113, "0000 030a 0004 0a00000100000000 0800" IP4, V4(16) },
	{ "sll radiotap", 113,
	  "0000 0323 0006 0200000000010000 0000" "00000800 00000000" "0801" WLAN SNAP "0800" IP4, V4(56) },
	{ "sll2", 276, "0800 0000 00000002 0001 00 06 0200000000010000" IP4, V4(20) },
	{ "sll2 ipv6", 276, "86dd 0000 00000002 0304 04 06 0000000000000000" IP6, V6(20) },
	{ "sll2 vlan", 276, "88a8 0000 00000002 0001 00 06 0200000000010000 0009 0800" IP4,
	  V4_VLAN(24, 9, 1) },
	{ "sll2 llc", 276, "0004 0000 00000002 0001 02 06 0200000000010000 424203",
	  OTHER(0, "spanning tree") },
	{ "sll2 netlink", 276, "0800 0000 00000002 0338 00 06 0200000000010000" IP4, OTHER(0, "netlink") },

	/* Raw IP */
	{ "raw 12", 12, IP4, V4(0) },
	{ "raw 14", 14, IP6, V6(0) },
	{ "raw 101", 101, IP6, V6(0) },
	{ "raw, neither", 101, "1503", OTHER(0, "raw packet, neither IPv4 nor IPv6") },
	{ "ipv4", 228, IP4, V4(0) },
	{ "ipv6", 229, IP6, V6(0) },

	/* BSD loopback */
	{ "null, little endian", 0, "02000000" IP4, V4(4) },
	{ "null, big endian", 0, "00000002" IP4, V4(4) },
	{ "null, linux", 0, "0a000000" IP6, V6(4) },
	{ "null, windows", 0, "17000000" IP6, V6(4) },
	{ "null, bsd's ipx", 0, "17000000 ffff", OTHER(0, "loopback frame of another address family") },
	{ "null, netbsd", 0, "00000018" IP6, V6(4) },
	{ "null, freebsd", 0, "1c000000" IP6, V6(4) },
	{ "null, darwin", 0, "1e000000" IP6, V6(4) },
	{ "null, appletalk", 0, "10000000 00", OTHER(0, "loopback frame of another address family") },
	{ "loop", 108, "00000002" IP4, V4(4) },
	{ "loop ipv6", 108, "00000018" IP6, V6(4) },

	/* PPP */
	{ "ppp", 9, "ff03 0021" IP4, V4(4) },
	{ "ppp, bare", 9, "0057" IP6, V6(2) },
	{ "ppp, one byte", 9, "21" IP4, V4(1) },
	{ "ppp ipcp", 9, "ff03 8021 01010004", OTHER(0, "ppp ipcp") },
	{ "ppp compressed", 9, "fd 9000", OTHER(0, "ppp, compressed or encrypted") },
	{ "ppp, another", 9, "ff03 8281 00", OTHER(0, "ppp, another protocol") },
	{ "ppp serial", 50, "ff03 0021" IP4, V4(4) },
	{ "ppp serial, cisco", 50, "0f00 0800" IP4, V4(4) },
	{ "ppp ethernet", 51, "1100 0001 0016 0021" IP4, V4(8) },
	{ "pppd", 166, "0103 0021" IP4, V4(4) },
	{ "ppp with direction", 204, "01 ff03 0021" IP4, V4(5) },
	{ "cisco hdlc", 104, "0f00 86dd" IP6, V6(4) },
	{ "cisco slarp", 104, "8f00 8035 00000002", OTHER(0x8035, "cisco slarp") },

	/* 802.11 */
	{ "wlan data", 105, "0802" WLAN SNAP "0800" IP4, V4(32) },
	{ "wlan data + cf-ack", 105, "1801" WLAN SNAP "86dd" IP6, V6(32) },
	{ "wlan qos", 105, "8801" WLAN "0000" SNAP "0800" IP4, V4(34) },
	{ "wlan qos, ht control", 105, "8881" WLAN "0000 00000000" SNAP "0800" IP4, V4(38) },
	{ "wlan order without qos", 105, "0881" WLAN SNAP "0800" IP4, V4(32) },
	{ "wlan four addresses", 105, "0803" WLAN "020000000004" SNAP "0800" IP4, V4(38) },
	{ "wlan four addresses, qos", 105, "8803" WLAN "020000000004 0700" SNAP "0800" IP4, V4(40) },
	{ "wlan, vlan", 105, "0802" WLAN SNAP "8100 0005 0800" IP4, V4_VLAN(36, 5, 1) },
	{ "wlan aggregate of one", 105, "8801" WLAN "8000" MACS "001c" SNAP "0800" IP4, V4(48) },
	{ "wlan aggregate", 105,
	  "8801" WLAN "8000" MACS "001c" SNAP "0800" IP4 "0000" MACS "001c" SNAP "0800" IP4,
	  V4_SAYS(48, "first packet of an 802.11 aggregate; the others are not read") },
	{ "wlan eapol", 105, "0802" WLAN SNAP "888e 0203", OTHER(0x888e, "eapol") },
	{ "wlan null", 105, "4801" WLAN, OTHER(0, "802.11 null data") },
	{ "wlan qos null", 105, "c801" WLAN "0000", OTHER(0, "802.11 null data") },
	{ "wlan protected", 105, "0842" WLAN "00000020 00000000 0102030405",
	  SECRET(0, "802.11 protected data") },
	{ "wlan first fragment", 105, "0806" WLAN SNAP "0800" IP4, OTHER(0, "802.11 fragment") },
	{ "wlan next fragment", 105, "0802 0000 020000000001 020000000002 020000000003 0100" IP4,
	  OTHER(0, "802.11 fragment") },
	{ "wlan beacon", 105, "8000" WLAN "00", OTHER(0, "802.11 management frame") },
	{ "wlan ack", 105, "d400 0000 020000000001", OTHER(0, "802.11 control frame") },
	{ "wlan extension", 105, "0c00 0000", OTHER(0, "802.11 extension frame") },
	{ "wlan, another version", 105, "0901 0000", OTHER(0, "802.11 frame of another version") },

	/* What monitors put before it */
	{ "radiotap", 127, "00000800 00000000" "0802" WLAN SNAP "0800" IP4, V4(40) },
	{ "radiotap, fcs", 127, "00000900 02000000 10" "0802" WLAN SNAP "0800" IP4 "deadbeef", V4(41) },
	{ "radiotap, time and fcs", 127,
	  "00001200 03000000 0000000000000000 10 00" "8802" WLAN "0000" SNAP "0800" IP4 "deadbeef", V4(52) },
	{ "radiotap, padded header", 127, "00000900 02000000 20" "8802" WLAN "0000 0000" SNAP "0800" IP4,
	  V4(45) },
	{ "radiotap, fields before flags, 2 words", 127,
	  "00001a00 03000080 00000000 00000000 0000000000000000 10 00" "0802" WLAN SNAP "0800" IP4 "deadbeef",
	  V4(58) },
	{ "radiotap, too short", 127, "00000700 00000000" "0802" WLAN SNAP "0800" IP4,
	  BAD(0, "radiotap header with a wrong version or length") },
	{ "radiotap, endless", 127, "00001000 00000080 00000080 00000080" "0802" WLAN SNAP "0800" IP4,
	  V4(48) },
	{ "radiotap 1", 127, "01000800 00000000" "0802" WLAN SNAP "0800" IP4,
	  BAD(0, "radiotap header with a wrong version or length") },
	{ "radiotap, only fcs", 127, "00000900 02000000 10" "d400", BAD(0, SHORT) },
	{ "prism", 119, PRISM "0802" WLAN SNAP "0800" IP4, V4(176) },
	{ "avs", 163, AVS "0802" WLAN SNAP "0800" IP4, V4(96) },
	{ "avs as prism", 119, AVS "0802" WLAN SNAP "0800" IP4, V4(96) },
	{ "avs, too short", 163, "80211001 00000007" "0802" WLAN SNAP "0800" IP4,
	  BAD(0, "avs header with a wrong length") },
	{ "avs, too long", 163, "80211001 ffffffff" "0802" WLAN SNAP "0800" IP4, BAD(0, SHORT) },
};

#define ROW_COUNT	(sizeof(rows) / sizeof(rows[0]))

static uint32_t from_hex(const char *hex, uint8_t *bytes)
{
	uint32_t len = 0;

	while (*hex != '\0') {
		const char pair[3] = { hex[0], hex[1], '\0' };

		if (*hex == ' ') {
			hex++;
			continue;
		}
		assert_true(len < FRAME_MAX);
		bytes[len++] = (uint8_t)strtoul(pair, NULL, 16);
		hex += 2;
	}
	return len;
}

/* Decodes a copy that has no byte more than it says. */
static struct io_link_result decode(int dlt, const uint8_t *bytes, uint32_t caplen, uint32_t wirelen)
{
	struct io_link_result result;
	uint8_t *copy = malloc(caplen > 0 ? caplen : 1);
	bool is_ip;

	assert_non_null(copy);
	memcpy(copy, bytes, caplen);
	memset(&result, 0xa5, sizeof(result));
	is_ip = io_link_decode(dlt, caplen > 0 ? copy : NULL, caplen, wirelen, &result);
	free(copy);

	assert_int_equal(is_ip, result.kind == IO_LINK_IP);
	assert_true(result.kind <= IO_LINK_UNSUPPORTED);
	assert_true(is_ip || result.what != NULL);
	assert_true(result.offset <= caplen);
	assert_true(result.len <= caplen - result.offset);
	assert_true(result.len <= result.wire_len);
	assert_true(is_ip || (result.offset == 0 && result.len == 0 && result.wire_len == 0));
	return result;
}

static void check_row(const struct row *row, const struct io_link_result *got)
{
	const char *what = got->what != NULL ? got->what : "ip";

	if (got->kind != row->kind || strcmp(what, row->what != NULL ? row->what : "ip") != 0)
		fail_msg("%s: kind %d, %s", row->name, got->kind, what);
	if (got->ethertype != row->ethertype || got->vlan != row->vlan || got->vlan_count != row->vlan_count)
		fail_msg("%s: ethertype %04x, vlan %u of %u", row->name, got->ethertype, got->vlan,
			 got->vlan_count);
	if (got->offset != row->offset || got->len != row->len || got->wire_len != row->len)
		fail_msg("%s: offset %u, len %u, wire_len %u", row->name, got->offset, got->len,
			 got->wire_len);
}

static void every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROW_COUNT; i++) {
		uint8_t bytes[FRAME_MAX];
		uint32_t len = from_hex(rows[i].hex, bytes);
		struct io_link_result got = decode(rows[i].dlt, bytes, len, len);

		check_row(&rows[i], &got);
		assert_true(io_link_supported(rows[i].dlt));
	}
}

/* Cut by the snap length: as the whole frame, or cut; once a header is whole, longer cuts say the same. */
static void every_snap_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROW_COUNT; i++) {
		uint8_t bytes[FRAME_MAX];
		uint32_t len = from_hex(rows[i].hex, bytes);
		struct io_link_result whole = decode(rows[i].dlt, bytes, len, len);
		bool was_whole = false;

		for (uint32_t cut = 0; cut < len; cut++) {
			struct io_link_result got = decode(rows[i].dlt, bytes, cut, len);

			if (got.kind == IO_LINK_TRUNCATED) {
				assert_false(was_whole);
				assert_int_equal(got.vlan, 0);
				continue;
			}
			was_whole = true;
			if (got.kind != whole.kind || got.ethertype != whole.ethertype ||
			    got.vlan != whole.vlan || got.what != whole.what ||
			    got.offset != whole.offset || got.wire_len != whole.wire_len)
				fail_msg("%s: cut to %u it is another frame", rows[i].name, cut);
			if (got.kind == IO_LINK_IP && cut - got.offset < whole.len)
				assert_int_equal(got.len, cut - got.offset);
			else
				assert_int_equal(got.len, whole.len);
		}
	}
}

/* Cut on the wire: never "truncated", since nothing is missing. */
static void every_wire_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROW_COUNT; i++) {
		uint8_t bytes[FRAME_MAX];
		uint32_t len = from_hex(rows[i].hex, bytes);

		for (uint32_t cut = 0; cut < len; cut++) {
			struct io_link_result got = decode(rows[i].dlt, bytes, cut, cut);

			if (got.kind == IO_LINK_TRUNCATED)
				fail_msg("%s: of %u bytes on the wire", rows[i].name, cut);
		}
	}
}

static void more_on_the_wire(void **state)
{
	uint8_t bytes[FRAME_MAX];
	uint32_t len = from_hex(MACS "0800" IP4, bytes);
	struct io_link_result got;

	(void)state;
	got = decode(1, bytes, len, 1514);
	assert_int_equal(got.kind, IO_LINK_IP);
	assert_int_equal(got.len, 20);
	assert_int_equal(got.wire_len, 1500);

	got = decode(1, bytes, len, 0);		/* nonsense: taken for what is there */
	assert_int_equal(got.wire_len, 20);

	got = decode(1, bytes, len, UINT32_MAX);
	assert_int_equal(got.wire_len, UINT32_MAX - 14);

	/* The frame check sequence is cut off although the snap length cut into the packet. */
	len = from_hex("00000900 02000000 10" "0802" WLAN SNAP "0800" IP4, bytes);
	got = decode(127, bytes, len, len + 104);
	assert_int_equal(got.len, 20);
	assert_int_equal(got.wire_len, 120);
}

static void unknown_link_types(void **state)
{
	static const int unknown[] = { -1, 2, 6, 10, 147, 189, 220, 9999, 0x7fffffff };
	uint8_t bytes[FRAME_MAX];
	uint32_t len = from_hex(MACS "0800" IP4, bytes);

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		assert_false(io_link_supported(unknown[i]));
		assert_int_equal(decode(unknown[i], bytes, len, len).kind, IO_LINK_UNSUPPORTED);
	}
}

/* Headers within headers without end: as deep as the bytes would go, and no deeper than the limit. */
static void nested_without_end(void **state)
{
	enum { ROUNDS = 8000 };
	uint8_t *bytes = malloc(14 + ROUNDS * 8);
	struct io_link_result got;

	(void)state;
	assert_non_null(bytes);
	from_hex(MACS "8870", bytes);
	for (unsigned i = 0; i < ROUNDS; i++)
		from_hex("aaaa03 000000 8870", bytes + 14 + i * 8);
	got = decode(1, bytes, 14 + ROUNDS * 8, 14 + ROUNDS * 8);
	assert_int_equal(got.kind, IO_LINK_MALFORMED);
	assert_string_equal(got.what, "link headers nested too deep");
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row),
		cmocka_unit_test(every_snap_length),
		cmocka_unit_test(every_wire_length),
		cmocka_unit_test(more_on_the_wire),
		cmocka_unit_test(unknown_link_types),
		cmocka_unit_test(nested_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
