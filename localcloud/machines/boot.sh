#!/bin/sh
# Boots one machine, waits for its end, and exits with systemd-nspawn's status.
#
# usage: boot.sh CGROUP NETNS IMAGE DIRECTORY   (the arguments of supervise.sh)
set -eu

cgroup=$1 netns=$2 image=$3 directory=$4

# Before systemd-nspawn starts, since it makes the machine's groups below its own group.
echo $$ >"$cgroup/cgroup.procs"

# The machine has its own mount namespace, so that its mounts always end with it. systemd-nspawn is process 1 of a
# process namespace, so that no process of the machine outlives it.
# shellcheck disable=SC2016  # expanded by the inner shell
exec ip netns exec "$netns" unshare --mount --propagation private --pid --fork --kill-child --mount-proc sh -euc '
    image=$1 directory=$2
    # "ip netns exec" has mounted a fresh /sys. systemd in the machine refuses cgroup v1.
    mountpoint -q /sys/fs/cgroup && umount -R /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    # A killed systemd-nspawn leaves directories there.
    mount -t tmpfs -o mode=0755 tmpfs /run/systemd
    mount -t overlay -o "lowerdir=$image,upperdir=$directory/upper,workdir=$directory/work" overlay "$directory/root"
    set --
    while IFS= read -r argument; do
        set -- "$@" "$argument"
    done <"$directory/nspawn.args"
    exec systemd-nspawn "$@"
' boot.sh "$image" "$directory" </dev/null
