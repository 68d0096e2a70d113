/*
 * A pcapng file on its way to libpcap, made uniform.
 *
 * libpcap (1.10) reads pcapng, but gives up on a file whose interfaces differ in link type or snap length,
 * and does not say which interface a packet is from. Such files are common: any capture on two interfaces,
 * any merge of two files. So the blocks pass through here: libpcap is shown interfaces that are all alike,
 * and what they were in truth is kept for the packet that it reads at the moment. Nothing else is changed,
 * and all judging of the format stays libpcap's.
 *
 * Invariant: one read never goes beyond the end of a block, and libpcap reads a block wholly before it
 * returns a packet; so the last block handed out is that packet's.
 *
 * Source: draft-ietf-opsawg-pcapng, sections 3 and 4.
 */
#ifndef USHER_IO_BLOCKS_H
#define USHER_IO_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "io/source.h"

/* What libpcap is shown as every interface's link type: Ethernet, the same as DLT_ and as LINKTYPE_. */
#define IO_BLOCKS_LINKTYPE	1

struct io_blocks;

/* Whether these first bytes of a file are pcapng's. */
bool io_blocks_recognise(const uint8_t *head, size_t len);

/* `source` stays the caller's and must live longer. NULL: out of memory. */
struct io_blocks *io_blocks_new(struct io_source *source);
void io_blocks_free(struct io_blocks *blocks);

/* As io_source_read(), with the changes. */
ssize_t io_blocks_read(struct io_blocks *blocks, void *buffer, size_t size);

/* The LINKTYPE_ value of the interface of the packet read last; -1 while there was none. */
int io_blocks_linktype(const struct io_blocks *blocks);

/* The LINKTYPE_ value of interface `index` of the current section; -1: there are not so many. */
int io_blocks_interface(const struct io_blocks *blocks, uint32_t index);

/* What the packet's length on the wire was, if libpcap was shown another; 0: believe libpcap. */
uint32_t io_blocks_wire_len(const struct io_blocks *blocks);

#endif
