# Completion of usher for bash: what the program's own --help lists, so that there is no second list to keep.
_usher() {
    local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ] || { [ "$COMP_CWORD" -eq 2 ] && [ "$command" = help ]; }; then
        mapfile -t COMPREPLY < <(compgen -W "help $("$program" --help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p')" -- "$word")
    elif [[ $before = --helper && $command != gateway && $command != replay ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$program" helpers 2>/dev/null | sed -n '2,$s/^\([a-z0-9]*\) .*/\1/p')" -- "$word")
    elif [[ $word = -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$program" "$command" --help 2>/dev/null |
            sed -n 's/^ *\(-., \)\{0,1\}\(--[a-z0-9-]*\).*/\2/p')" -- "$word")
    fi # else files, which is what -o default gives
}
complete -o default -F _usher usher
