release=$(uname -r)
check "the modules are mounted" test -r "/lib/modules/$release/modules.dep"
check "a signed module loads" modprobe dummy
check "its interface can be made" ip link add dummy7 type dummy
check "modules are found by alias" modprobe fs-f2fs
check "wireguard is there" modprobe wireguard
check "nftables is there" modprobe nf_tables
