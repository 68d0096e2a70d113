/*
 * usher check: is a configuration file good? The same reader as the gateway's: gateway/config.h.
 */
#include <string.h>

#include "ctl/text.h"
#ifdef USHER_GATEWAY
#include "gateway/config.h"
#endif
#include "usher/command.h"

const char help_check[] =
	"usage: usher check FILE...\n"
	"\n"
	"Reads configuration files of usher gateway, see usher.yaml(5), and says of each that it is good and what it sets up in a\n"
	"few lines, or everything that is wrong with it, one line each. Nothing is changed, and no interface is asked for.\n"
	"\n"
	"  -h, --help    this text\n"
	"\n"
	"Exit status: 0 when all are good; 1 when one is not; 2 when the command line makes no sense.\n"
	"\n"
	"Example:\n"
	"  usher check /etc/usher.yaml && kill -HUP $(pidof usher)\n";

static int check(const char *file)
{
#ifdef USHER_GATEWAY
	struct gateway_config *config = gateway_config_read(file, stderr);
	char safe[256];

	if (config == NULL)
		return STATUS_FAILED;
	printf("%s: good\n", ctl_escape(safe, sizeof(safe), file, strlen(file)));
	gateway_config_summary(config, stdout);
	gateway_config_free(config);
	return STATUS_OK;
#else
	(void)file;
	return without_gateway();
#endif
}

int cmd_check(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option, status = STATUS_OK;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
		if (option == 'h')
			return print_help(help_check);
		return misuse_option("check", option, argv);
	}
	if (optind == argc)
		return misuse("check", "no file is named");
	for (int i = optind; i < argc; i++) {
		if (check(argv[i]) != STATUS_OK)
			status = STATUS_FAILED;
	}
	return finish_stdout() == STATUS_OK ? status : STATUS_FAILED;
}
