"""What the tools/check-* scripts share: the files of the tree, and C text without comments."""
import re
import sys
from pathlib import Path

SKIPPED = 77  # exit status: there was nothing to look at

_PIECE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def without_comments(text, strings=False):
    """Comments become spaces, lines stay where they are; with `strings` the insides of literals go as well."""
    def blank(match):
        piece = match.group()
        if piece[0] == '/':
            return re.sub(r'[^\n]', ' ', piece)
        if strings:
            return piece[0] + ' ' * (len(piece) - 2) + piece[-1]
        return piece
    return _PIECE.sub(blank, text)


def without_preprocessor(text):
    """Directives with their continuation lines become empty lines."""
    return re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', lambda m: '\n' * m.group().count('\n'), text, flags=re.M)


def line_of(text, position):
    return text.count('\n', 0, position) + 1


def root_folder(argv):
    """The tree to look at: the argument that is no option, else the one this file is in."""
    given = [word for word in argv[1:] if not word.startswith('-')]
    return Path(given[0]) if given else Path(__file__).resolve().parent.parent


def sources(root, folders, suffixes=('.c', '.h')):
    found = []
    for folder in folders:
        found += [path for path in (root / folder).rglob('*') if path.suffix in suffixes and path.is_file()]
    return sorted(found)


def finish(name, problems, looked_at):
    """`looked_at` is a list of (count, what). Prints the problems and one line; its result is the exit status."""
    for problem in problems:
        print(problem)
    print(f'{name}: {len(problems)} problems in ' + ', '.join(f'{count} {what}' for count, what in looked_at))
    if problems:
        return 1
    return 0 if any(count for count, _ in looked_at) else SKIPPED


if __name__ == '__main__':
    sys.exit('house.py is a module of tools/check-*')
