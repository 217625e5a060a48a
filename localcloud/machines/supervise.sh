#!/bin/sh
# Runs one machine: boots it, and boots it again after each reboot.
#
# usage: supervise.sh CGROUP NETNS IMAGE DIRECTORY
#   CGROUP     the machine's control group; it has the children "supervisor" and "machine"
#   NETNS      name of the network namespace
#   IMAGE      read-only root tree
#   DIRECTORY  the machine's folder: upper/, work/, root/ (mount point) and nspawn.args (one argument a line)
#
# It ends when the machine is powered off. If it is killed, systemd-nspawn gets SIGKILL.
set -eu

cgroup=$1 netns=$2 image=$3 directory=$4
here=$(dirname "$(readlink -f "$0")")
# The exit status of systemd-nspawn --keep-unit after a reboot.
reboot=133

mkdir -p "$cgroup/supervisor"
echo $$ >"$cgroup/supervisor/cgroup.procs"

while :; do
    mkdir -p "$cgroup/machine"
    status=0
    setpriv --pdeathsig KILL sh "$here/boot.sh" "$cgroup/machine" "$netns" "$image" "$directory" || status=$?
    [ "$status" -eq "$reboot" ] || exit "$status"
    # Groups of the last boot would distort the accounting of the next boot. A busy group is kept.
    find "$cgroup/machine" -depth -type d -exec rmdir {} + 2>/dev/null || :
done
