/*
 * From a frame of some link layer to the IP packet inside it.
 *
 * Owns: the list of link types that can be read (Ethernet, Linux cooked, raw IP, BSD loopback, PPP, 802.11)
 * and what may lie between their header and IP (VLAN tags, LLC and SNAP, PPPoE, MPLS).
 *
 * A pure function of the bytes it is given: no state, no allocation, no I/O. IP itself is not looked at,
 * except where nothing else tells version 4 from 6; trailing padding is the IP decoder's to cut off.
 */
#ifndef USHER_IO_LINK_H
#define USHER_IO_LINK_H

#include <stdbool.h>
#include <stdint.h>

enum io_link_kind {
	IO_LINK_IP,		/* an IP packet starts at `offset` */
	IO_LINK_NOT_IP,		/* a sound frame of something else */
	IO_LINK_ENCRYPTED,	/* what is inside cannot be read: 802.11 protected data, MACsec */
	IO_LINK_TRUNCATED,	/* the capture's snap length cut the headers before IP */
	IO_LINK_MALFORMED,	/* the frame was too short, or its headers contradict themselves */
	IO_LINK_UNSUPPORTED	/* a link type that is not on the list */
};

struct io_link_result {
	uint32_t offset;	/* of the IP header, in bytes from the frame's start; 0 unless IO_LINK_IP */
	uint16_t ethertype;	/* 0x0800 or 0x86dd; not IP: what it was instead, if it had such a number */
	uint16_t vlan;		/* id of the outermost VLAN tag; 0: none, or a tag that has a priority only */
	uint8_t vlan_count;	/* VLAN tags seen */
	uint8_t kind;		/* enum io_link_kind */
	const char *what;	/* static text: what it was ("arp"); IP: NULL, unless there is more to say */
	uint32_t wire_len;	/* bytes on the wire from there; a known frame check sequence is left out */
	uint32_t len;		/* bytes of these that are present; never more than wire_len */
};

/* Whether frames of this link type can be read. `dlt` is libpcap's DLT_ value or the file's LINKTYPE_. */
bool io_link_supported(int dlt);

/*
 * Finds the IP packet in a frame of `caplen` present bytes at `data`; `wirelen` is how long the frame was
 * on the wire (taken as `caplen` where it is less). Always fills all of *result; returns whether it is
 * IO_LINK_IP.
 */
bool io_link_decode(int dlt, const uint8_t *data, uint32_t caplen, uint32_t wirelen,
		    struct io_link_result *result);

#endif
