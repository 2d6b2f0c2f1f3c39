#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Cuts the power N times: run.sh [N [SEED]] (default: 10 cuts, a seed by chance).
# The case tests/vm/cases/power-cut.sh says how; it runs on ext4, xfs, btrfs and
# f2fs in turn.  PAIR=r-r chooses the modules.  Exits as scripts/vm.sh does.

. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

cuts=${1:-10} seed=${2:-$RANDOM} pair=${PAIR:-r-r}
[[ $cuts =~ ^[1-9][0-9]*$ && $seed =~ ^[0-9]+$ ]] || die "run.sh [N [SEED]]: numbers, please"
# A run of the machine makes so many of one log at most, since a workload is soon known.
turn=0 kinds=(ext4 xfs btrfs f2fs)
while [ "$cuts" -gt 0 ]; do
	now=$((cuts < 10 ? cuts : 10))
	backing=${kinds[turn % ${#kinds[@]}]}
	say "$now cuts on $backing, seed $((seed + turn))"
	"$TOP/scripts/vm.sh" --pair "$pair" --job "$TOP/tests/vm" --disk server=1G --disk cache=1G \
		--env "CUTS=$now" --env "SEED=$((seed + turn))" --env "BACKING=$backing" --env "CASE_LIMIT=$((120 + now * 60))" \
		--time $((240 + now * 60)) --append slab_nomerge -- ./run power-cut
	cuts=$((cuts - now)) turn=$((turn + 1))
done
