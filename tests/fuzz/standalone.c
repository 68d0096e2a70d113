/*
 * main() for a fuzz target where there is no libFuzzer: runs it once on each file given, and on every file of a
 * folder given. Without arguments, or with an empty folder, it runs it on no bytes.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long inputs;

static void run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		exit(1);
	}
	/* An exact allocation for each input, so that a sanitizer sees the first byte read too far. */
	uint8_t *data = NULL;
	size_t size = 0;
	if (fseek(file, 0, SEEK_END) == 0) {
		long end = ftell(file);
		size = end > 0 ? (size_t)end : 0;
		rewind(file);
	}
	data = malloc(size ? size : 1);
	if (!data || fread(data, 1, size, file) != size) {
		perror(path);
		exit(1);
	}
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	inputs++;
}

static void run_folder(const char *path)
{
	struct dirent **names;
	int count = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char *file;
		if (names[i]->d_name[0] != '.' && asprintf(&file, "%s/%s", path, names[i]->d_name) > 0) {
			run_file(file);
			free(file);
		}
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct stat status;
		if (stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode))
			run_folder(argv[i]);
		else
			run_file(argv[i]);
	}
	if (inputs == 0) {
		LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
		inputs++;
	}
	printf("%lu inputs\n", inputs);
	return 0;
}
