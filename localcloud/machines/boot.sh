#!/bin/sh
# Boots one machine and stays until it ends, with systemd-nspawn's exit status.
#
# usage: boot.sh CGROUP NETNS IMAGE DIRECTORY   (as supervise.sh has them)
set -eu

cgroup=$1 netns=$2 image=$3 directory=$4

# The group must be entered before systemd-nspawn starts: it makes the machine's groups below its own.
echo $$ >"$cgroup/cgroup.procs"

# Every mount happens in a mount namespace of the machine's own and ends with it, whatever ends it. And
# systemd-nspawn is process 1 of a process namespace, so that no part of the machine outlives it.
# shellcheck disable=SC2016  # expanded by the inner shell
exec ip netns exec "$netns" unshare --mount --propagation private --pid --fork --kill-child --mount-proc sh -euc '
    image=$1 directory=$2
    # "ip netns exec" has mounted a fresh /sys. systemd in the machine refuses cgroup v1.
    mountpoint -q /sys/fs/cgroup && umount -R /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    # systemd-nspawn leaves directories there when it is killed.
    mount -t tmpfs -o mode=0755 tmpfs /run/systemd
    mount -t overlay -o "lowerdir=$image,upperdir=$directory/upper,workdir=$directory/work" overlay "$directory/root"
    set --
    while IFS= read -r argument; do
        set -- "$@" "$argument"
    done <"$directory/nspawn.args"
    exec systemd-nspawn "$@"
' boot.sh "$image" "$directory" </dev/null
