/*
 * A pcapng file on its way to libpcap, made uniform: see blocks.h.
 *
 * At the start of each block its first 16 bytes are looked at (that is where all that matters lies) and
 * changed in place; then the block is handed out. An interface's snap length becomes 0, "no limit": libpcap
 * then believes the lengths of the packets, which is what other readers do. Only a simple packet block has
 * none of its own, and needs the interface's limit written into its length.
 *
 * Where the blocks do not make sense everything passes unchanged from there on: libpcap says what is wrong.
 */
#include "io/blocks.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE		(256 * 1024)
#define LOOK			16	/* bytes of a block that are looked at */

#define BLOCK_INTERFACE		0x00000001u
#define BLOCK_PACKET		0x00000002u	/* obsolete, but written by old programs */
#define BLOCK_SIMPLE_PACKET	0x00000003u
#define BLOCK_ENHANCED_PACKET	0x00000006u
#define BLOCK_SECTION		0x0a0d0d0au	/* reads the same in both byte orders */
#define BYTE_ORDER_MAGIC	0x1a2b3c4du

#define BLOCK_MIN		12
#define BLOCK_MAX		(16u * 1024 * 1024)	/* libpcap's limit; what is larger it refuses */
#define INTERFACES_MAX		65536	/* more are not looked up: nobody has them but who wants our memory */

struct interface {
	uint32_t snaplen;
	uint16_t linktype;
};

struct io_blocks {
	struct io_source *source;
	uint64_t left;			/* bytes of the current block that are still to be handed out */
	size_t at, end;			/* what is in `buffer` and not handed out */
	bool big_endian;

	struct interface *interfaces;	/* of the current section */
	uint32_t interface_count, interface_room;

	int linktype;			/* of the packet of the current block */
	uint32_t wire_len;
	uint8_t buffer[BUFFER_SIZE];
};

static uint16_t get16(const struct io_blocks *blocks, const uint8_t *at)
{
	return blocks->big_endian ? (uint16_t)(at[0] << 8 | at[1]) : (uint16_t)(at[1] << 8 | at[0]);
}

static uint32_t get32(const struct io_blocks *blocks, const uint8_t *at)
{
	uint32_t first = get16(blocks, at), second = get16(blocks, at + 2);

	return blocks->big_endian ? first << 16 | second : second << 16 | first;
}

static void put16(const struct io_blocks *blocks, uint8_t *at, uint32_t value)
{
	at[blocks->big_endian ? 1 : 0] = (uint8_t)value;
	at[blocks->big_endian ? 0 : 1] = (uint8_t)(value >> 8);
}

static void put32(const struct io_blocks *blocks, uint8_t *at, uint32_t value)
{
	put16(blocks, at + (blocks->big_endian ? 2 : 0), value & 0xffff);
	put16(blocks, at + (blocks->big_endian ? 0 : 2), value >> 16);
}

bool io_blocks_recognise(const uint8_t *head, size_t len)
{
	return len >= BLOCK_MIN && memcmp(head, "\x0a\x0d\x0d\x0a", 4) == 0 &&
	       (memcmp(head + 8, "\x1a\x2b\x3c\x4d", 4) == 0 || memcmp(head + 8, "\x4d\x3c\x2b\x1a", 4) == 0);
}

struct io_blocks *io_blocks_new(struct io_source *source)
{
	struct io_blocks *blocks = malloc(sizeof(*blocks));

	if (blocks == NULL)
		return NULL;
	memset(blocks, 0, offsetof(struct io_blocks, buffer));
	blocks->source = source;
	blocks->linktype = -1;
	return blocks;
}

void io_blocks_free(struct io_blocks *blocks)
{
	if (blocks == NULL)
		return;
	free(blocks->interfaces);
	free(blocks);
}

/* Sees to `want` bytes in the buffer: 1 they are there, 0 the end came first, -1 it broke off. */
static int have(struct io_blocks *blocks, size_t want)
{
	while (blocks->end - blocks->at < want) {
		ssize_t got;

		memmove(blocks->buffer, blocks->buffer + blocks->at, blocks->end - blocks->at);
		blocks->end -= blocks->at;
		blocks->at = 0;
		got = io_source_read(blocks->source, blocks->buffer + blocks->end, BUFFER_SIZE - blocks->end);
		if (got <= 0)
			return (int)got;
		blocks->end += (size_t)got;
	}
	return 1;
}

/* False: out of memory, or too many. */
static bool add_interface(struct io_blocks *blocks, uint16_t linktype, uint32_t snaplen)
{
	if (blocks->interface_count == blocks->interface_room) {
		uint32_t room = blocks->interface_room > 0 ? blocks->interface_room * 2 : 8;
		struct interface *grown;

		if (room > INTERFACES_MAX)
			return false;
		grown = realloc(blocks->interfaces, room * sizeof(*grown));
		if (grown == NULL)
			return false;
		blocks->interfaces = grown;
		blocks->interface_room = room;
	}
	blocks->interfaces[blocks->interface_count++] = (struct interface){ snaplen, linktype };
	return true;
}

static void simple_packet(struct io_blocks *blocks, uint8_t *block)
{
	uint32_t wire_len = get32(blocks, block + 8);
	uint32_t snaplen = blocks->interface_count > 0 ? blocks->interfaces[0].snaplen : 0;

	blocks->linktype = io_blocks_interface(blocks, 0);
	if (snaplen != 0 && snaplen < wire_len) {
		blocks->wire_len = wire_len;
		put32(blocks, block + 8, snaplen);
	}
}

/* Looks at the first `len` bytes of a block, at most LOOK, and changes what libpcap must not see. */
static void look(struct io_blocks *blocks, uint8_t *block, size_t len)
{
	uint32_t type = get32(blocks, block);

	blocks->linktype = -1;
	blocks->wire_len = 0;
	if (type == BLOCK_SECTION) {
		blocks->interface_count = 0;
	} else if (len < LOOK) {
		return;
	} else if (type == BLOCK_INTERFACE) {
		if (!add_interface(blocks, get16(blocks, block + 8), get32(blocks, block + 12)))
			return;	/* libpcap sees it as it is, and may yet read on */
		put16(blocks, block + 8, IO_BLOCKS_LINKTYPE);
		put32(blocks, block + 12, 0);
	} else if (type == BLOCK_ENHANCED_PACKET) {
		blocks->linktype = io_blocks_interface(blocks, get32(blocks, block + 8));
	} else if (type == BLOCK_PACKET) {
		blocks->linktype = io_blocks_interface(blocks, get16(blocks, block + 8));
	} else if (type == BLOCK_SIMPLE_PACKET) {
		simple_packet(blocks, block);
	}
}

/* At the start of a block. 1, 0 at the end of the file, -1 when it broke off. */
static int begin_block(struct io_blocks *blocks)
{
	uint8_t *block;
	uint32_t length;
	int status = have(blocks, BLOCK_MIN);

	if (status != 1) {
		/* What is left is handed out all the same: libpcap counts it for its message. */
		blocks->left = blocks->end - blocks->at;
		return blocks->left > 0 ? 1 : status;
	}
	block = blocks->buffer + blocks->at;
	if (get32(blocks, block) == BLOCK_SECTION) {
		blocks->big_endian = true;
		blocks->big_endian = get32(blocks, block + 8) == BYTE_ORDER_MAGIC;
	}
	length = get32(blocks, block + 4);
	if (length < BLOCK_MIN || length % 4 != 0 || length > BLOCK_MAX) {
		blocks->left = UINT64_MAX;
		blocks->linktype = -1;
		return 1;
	}
	if (length >= LOOK && have(blocks, LOOK) != 1)
		length = BLOCK_MIN;	/* cut here: nothing will come of it */
	look(blocks, blocks->buffer + blocks->at, length < LOOK ? length : LOOK);
	blocks->left = length;
	return 1;
}

ssize_t io_blocks_read(struct io_blocks *blocks, void *buffer, size_t size)
{
	int status = blocks->left > 0 ? 1 : begin_block(blocks);

	if (status == 1)
		status = have(blocks, 1);
	if (status != 1)
		return status;
	if (size > blocks->end - blocks->at)
		size = blocks->end - blocks->at;
	if (size > blocks->left)
		size = (size_t)blocks->left;
	memcpy(buffer, blocks->buffer + blocks->at, size);
	blocks->at += size;
	blocks->left -= size;
	return (ssize_t)size;
}

int io_blocks_linktype(const struct io_blocks *blocks)
{
	return blocks->linktype;
}

int io_blocks_interface(const struct io_blocks *blocks, uint32_t index)
{
	return index < blocks->interface_count ? blocks->interfaces[index].linktype : -1;
}

uint32_t io_blocks_wire_len(const struct io_blocks *blocks)
{
	return blocks->wire_len;
}
