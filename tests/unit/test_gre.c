/*
 * test_gre: what is counted of the sequence numbers of a call (RFC 2637 4.1).
 */
#include "net.h"

#include "conn/conn.h"

/* Numbers as they come, "." a packet without one; "o" and "r" change the direction. What is counted then: lost and late of each. */
struct row {
	const char *name, *numbers;
	uint32_t lost[2], late[2];
};

static const struct row rows[] = {
	{ "in order, the first is not zero", "7 8 9 10", { 0, 0 }, { 0, 0 } },
	{ "acknowledgements alone have none", "1 . 2 . . 3", { 0, 0 }, { 0, 0 } },
	{ "a hole", "1 2 5 6", { 2, 0 }, { 0, 0 } },
	{ "filled later", "1 2 5 4 6 3", { 0, 0 }, { 2, 0 } },
	{ "twice is neither", "1 2 2 1 3", { 0, 0 }, { 0, 0 } },
	{ "late, and twice", "1 3 2 2", { 0, 0 }, { 1, 0 } },
	{ "before the first", "5 4", { 0, 0 }, { 1, 0 } },
	{ "later than the window tells", "1 100 2", { 97, 0 }, { 1, 0 } },
	{ "at the window's edge: 31 behind is told from what was seen", "1 2 33 2 3", { 29, 0 }, { 1, 0 } },
	{ "a hole of the window's size", "1 32 2 1", { 29, 0 }, { 1, 0 } },
	{ "wrap", "4294967294 4294967295 0 2 1", { 0, 0 }, { 1, 0 } },
	{ "begun anew", "5000000 1 2 3", { 0, 0 }, { 0, 0 } },
	{ "each direction by itself", "1 2 r 900 902 o 3 r 901 o 5", { 1, 0 }, { 0, 1 } },
};

static void one(struct conn *c, unsigned direction, const char *number)
{
	uint8_t gre[16] = { 0x30, 0x01, 0x88, 0x0b, 0, 0, 0, 5 };
	struct pkt p = { .protocol = USHER_GRE, .type = 1, .flags = PKT_ONE_WAY };
	struct conn_config config = { .tcp_loose = true };
	const struct conn_arrival a = { &p, gre, NET_START, &config };
	uint32_t value = (uint32_t)strtoul(number, NULL, 10);
	struct conn_step step;

	if (*number == '.')
		gre[0] = 0x20;
	for (unsigned i = 0; i < 4; i++)
		gre[8 + i] = (uint8_t)(value >> 8 * (3 - i));
	if (c->status & CONN_USED) {
		usher__conn_gre.packet(c, direction, &a, &step);
		return;
	}
	assert_true(usher__conn_gre.begin(c, &a, &step));
	c->status |= CONN_USED;
}

static void test_losses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct conn c = { .protocol = USHER_GRE, .type = 1, .status = CONN_RELATED };
		char text[200], *word, *save = NULL;
		unsigned direction = 0;

		snprintf(text, sizeof(text), "%s", rows[i].numbers);
		for (word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
			if (*word == 'o' || *word == 'r')
				direction = *word == 'r';
			else
				one(&c, direction, word);
		}
		for (direction = 0; direction < 2; direction++) {
			if (c.u.gre.lost[direction] != rows[i].lost[direction] || c.u.gre.late[direction] != rows[i].late[direction])
				fail_msg("%s: direction %u lost %u late %u", rows[i].name, direction, c.u.gre.lost[direction],
					 c.u.gre.late[direction]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_losses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
