// Captured from iproute2 6.1 with strace. Whatever follows a # on a line is a comment.

/// The requests that `ip`, `bridge` and `tc` send for the commands.
enum CapturedCommands {
    /// `ip -d link show`
    static let linkDump = hex(
        """
        28 00 00 00                                       # length 40
        12 00 01 03                                       # RTM_GETLINK, REQUEST | DUMP
        27 49 04 6b 00 00 00 00                           # sequence 1795442983, port id
        # struct ifinfomsg: family 17, type 0, index 0, flags 0x0, change 0x0
        11 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        08 00 1d 00 01 00 00 00                           # IFLA_EXT_MASK 1
        """)

    /// `ip link show dev vnet0`
    static let linkByName = hex(
        """
        28 00 00 00                                       # length 40
        12 00 01 00                                       # RTM_GETLINK, REQUEST
        27 49 04 6b 00 00 00 00                           # sequence 1795442983, port id
        # struct ifinfomsg: family 0, type 0, index 3, flags 0x0, change 0x0
        00 00 00 00 03 00 00 00 00 00 00 00 00 00 00 00
        08 00 1d 00 09 00 00 00                           # IFLA_EXT_MASK 9
        """)

    /// `ip link add name br0 type bridge`
    static let addBridge = hex(
        """
        38 00 00 00                                       # length 56
        10 00 05 06                                       # RTM_NEWLINK, REQUEST | ACK | EXCL | CREATE
        27 49 04 6b 00 00 00 00                           # sequence 1795442983, port id
        # struct ifinfomsg: family 0, type 0, index 0, flags 0x0, change 0x0
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        08 00 03 00 62 72 30 00                           # IFLA_IFNAME "br0"
        10 00 12 00                                       # IFLA_LINKINFO
          0a 00 01 00 62 72 69 64 67 65 00 00             # IFLA_INFO_KIND
        """)

    /// `ip link add vnet0 type veth peer name vnet0p`
    static let addVeth = hex(
        """
        5c 00 00 00                                       # length 92
        10 00 05 06                                       # RTM_NEWLINK, REQUEST | ACK | EXCL | CREATE
        27 49 04 6b 00 00 00 00                           # sequence 1795442983, port id
        # struct ifinfomsg: family 0, type 0, index 0, flags 0x0, change 0x0
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        0a 00 03 00 76 6e 65 74 30 00 00 00               # IFLA_IFNAME "vnet0"
        30 00 12 00                                       # IFLA_LINKINFO
          08 00 01 00 76 65 74 68                         # IFLA_INFO_KIND 0x68746576
          24 00 02 00                                     # IFLA_INFO_DATA
            # data_veth attribute 1
            20 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 0b 00 03 00
            76 6e 65 74 30 70 00 00
        """)

    /// `ip link add vnet1 type veth peer name eth0 netns B`, the namespace being descriptor 5
    static let addVethElsewhere = hex(
        """
        64 00 00 00                                       # length 100
        10 00 05 06                                       # RTM_NEWLINK, REQUEST | ACK | EXCL | CREATE
        27 49 04 6b 00 00 00 00                           # sequence 1795442983, port id
        # struct ifinfomsg: family 0, type 0, index 0, flags 0x0, change 0x0
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        0a 00 03 00 76 6e 65 74 31 00 00 00               # IFLA_IFNAME "vnet1"
        38 00 12 00                                       # IFLA_LINKINFO
          08 00 01 00 76 65 74 68                         # IFLA_INFO_KIND 0x68746576
          2c 00 02 00                                     # IFLA_INFO_DATA
            # data_veth attribute 1
            28 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 08 00 1c 00
            04 00 00 00 09 00 03 00 65 74 68 30 00 00 00 00
        """)

    /// `ip link del dev mv0`
    static let removeLink = hex(
        """
        20 00 00 00                                       # length 32
        11 00 05 00                                       # RTM_DELLINK, REQUEST | ACK
        27 49 04 6b 00 00 00 00                           # sequence 1795442983, port id
        # struct ifinfomsg: family 0, type 0, index 7, flags 0x0, change 0x0
        00 00 00 00 07 00 00 00 00 00 00 00 00 00 00 00
        """)

    /// `ip link set dev vnet0 up`
    static let linkUp = hex(
        """
        20 00 00 00                                       # length 32
        10 00 05 00                                       # RTM_NEWLINK, REQUEST | ACK
        27 49 04 6b 00 00 00 00                           # sequence 1795442983, port id
        # struct ifinfomsg: family 0, type 0, index 4, flags 0x1, change 0x1
        00 00 00 00 04 00 00 00 01 00 00 00 01 00 00 00
        """)

    /// `ip link set dev vnet0p down`
    static let linkDown = hex(
        """
        20 00 00 00                                       # length 32
        10 00 05 00                                       # RTM_NEWLINK, REQUEST | ACK
        27 49 04 6b 00 00 00 00                           # sequence 1795442983, port id
        # struct ifinfomsg: family 0, type 0, index 3, flags 0x0, change 0x1
        00 00 00 00 03 00 00 00 00 00 00 00 01 00 00 00
        """)

    /// `ip link set dev vnet1 master br0`
    static let setMaster = hex(
        """
        28 00 00 00                                       # length 40
        10 00 05 00                                       # RTM_NEWLINK, REQUEST | ACK
        27 49 04 6b 00 00 00 00                           # sequence 1795442983, port id
        # struct ifinfomsg: family 0, type 0, index 5, flags 0x0, change 0x0
        00 00 00 00 05 00 00 00 00 00 00 00 00 00 00 00
        08 00 0a 00 02 00 00 00                           # IFLA_MASTER 2
        """)

    /// `bridge link set dev vnet1 learning off flood off mcast_flood off bcast_flood off locked on`
    static let bridgeFlags = hex(
        """
        4c 00 00 00                                       # length 76
        13 00 05 00                                       # RTM_SETLINK, REQUEST | ACK
        28 49 04 6b 00 00 00 00                           # sequence 1795442984, port id
        # struct ifinfomsg: family 7, type 0, index 5, flags 0x0, change 0x0
        07 00 00 00 05 00 00 00 00 00 00 00 00 00 00 00
        2c 00 0c 80                                       # IFLA_PROTINFO
          05 00 09 00 00 00 00 00                         # IFLA_BRPORT_UNICAST_FLOOD 0
          05 00 1b 00 00 00 00 00                         # IFLA_BRPORT_MCAST_FLOOD 0
          05 00 1e 00 00 00 00 00                         # IFLA_BRPORT_BCAST_FLOOD 0
          05 00 08 00 00 00 00 00                         # IFLA_BRPORT_LEARNING 0
          05 00 27 00 01 00 00 00                         # IFLA_BRPORT_LOCKED 1
        """)

    /// `bridge link set dev vnet1 state 0`; `bridge fdb flush dev vnet1` at once
    static let bridgeState = hex(
        """
        2c 00 00 00                                       # length 44
        13 00 05 00                                       # RTM_SETLINK, REQUEST | ACK
        28 49 04 6b 00 00 00 00                           # sequence 1795442984, port id
        # struct ifinfomsg: family 7, type 0, index 5, flags 0x0, change 0x0
        07 00 00 00 05 00 00 00 00 00 00 00 00 00 00 00
        0c 00 0c 80                                       # IFLA_PROTINFO
          05 00 01 00 00 00 00 00                         # IFLA_BRPORT_STATE 0
        """)

    /// `ip address add 192.0.2.9/24 dev vnet0`
    static let addAddress = hex(
        """
        28 00 00 00                                       # length 40
        14 00 05 06                                       # RTM_NEWADDR, REQUEST | ACK | EXCL | CREATE
        27 49 04 6b 00 00 00 00                           # sequence 1795442983, port id
        02 18 00 00 04 00 00 00                           # struct ifaddrmsg
        08 00 02 00 c0 00 02 09                           # x attribute 2
        08 00 01 00 c0 00 02 09                           # x attribute 1
        """)

    /// `ip route get 192.0.2.1`
    static let routeGet = hex(
        """
        24 00 00 00                                       # length 36
        1a 00 01 00                                       # RTM_GETROUTE, REQUEST
        27 49 04 6b 00 00 00 00                           # sequence 1795442983, port id
        02 20 00 00 00 00 00 00 00 10 00 00               # struct rtmsg
        08 00 01 00 c0 00 02 01                           # x attribute 1
        """)

    /// `tc qdisc show`
    static let qdiscDump = hex(
        """
        24 00 00 00                                       # length 36
        26 00 01 03                                       # RTM_GETQDISC, REQUEST | DUMP
        28 49 04 6b 00 00 00 00                           # sequence 1795442984, port id
        00 00 00 00                                       # struct tcmsg: family
        00 00 00 00                                       #   index 0
        00 00 00 00                                       #   handle 0
        00 00 00 00                                       #   parent 00000000
        00 00 00 00                                       #   info 0
        """)

    /// `tc qdisc add dev vnet0 clsact`
    static let addClsact = hex(
        """
        30 00 00 00                                       # length 48
        24 00 05 06                                       # RTM_NEWQDISC, REQUEST | ACK | EXCL | CREATE
        28 49 04 6b 00 00 00 00                           # sequence 1795442984, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 ff ff                                       #   handle ffff0000
        f1 ff ff ff                                       #   parent fffffff1
        00 00 00 00                                       #   info 0
        0b 00 01 00 63 6c 73 61 63 74 00 00               # TCA_KIND "clsact"
        """)

    /// `tc qdisc del dev vnet0 clsact`
    static let removeClsact = hex(
        """
        30 00 00 00                                       # length 48
        25 00 05 00                                       # RTM_DELQDISC, REQUEST | ACK
        2c 49 04 6b 00 00 00 00                           # sequence 1795442988, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 ff ff                                       #   handle ffff0000
        f1 ff ff ff                                       #   parent fffffff1
        00 00 00 00                                       #   info 0
        0b 00 01 00 63 6c 73 61 63 74 00 00               # TCA_KIND "clsact"
        """)

    /// `tc chain add dev vnet0 ingress chain 20557`
    static let addChain = hex(
        """
        2c 00 00 00                                       # length 44
        64 00 05 06                                       # RTM_NEWCHAIN, REQUEST | ACK | EXCL | CREATE
        2c 49 04 6b 00 00 00 00                           # sequence 1795442988, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 00 00                                       #   handle 0
        f2 ff ff ff                                       #   parent fffffff2
        00 00 00 00                                       #   info 0
        08 00 0b 00 4d 50 00 00                           # TCA_CHAIN 20557
        """)

    /// `tc chain del dev vnet0 ingress chain 20557`
    static let removeChain = hex(
        """
        2c 00 00 00                                       # length 44
        65 00 05 00                                       # RTM_DELCHAIN, REQUEST | ACK
        2c 49 04 6b 00 00 00 00                           # sequence 1795442988, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 00 00                                       #   handle 0
        f2 ff ff ff                                       #   parent fffffff2
        00 00 00 00                                       #   info 0
        08 00 0b 00 4d 50 00 00                           # TCA_CHAIN 20557
        """)

    /// `tc chain show dev vnet0 ingress`
    static let chainDump = hex(
        """
        24 00 00 00                                       # length 36
        66 00 01 03                                       # RTM_GETCHAIN, REQUEST | DUMP
        2c 49 04 6b 00 00 00 00                           # sequence 1795442988, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 00 00                                       #   handle 0
        f2 ff ff ff                                       #   parent fffffff2
        00 00 00 00                                       #   info 0
        """)

    /// `tc -s filter show dev vnet0 ingress`
    static let filterDump = hex(
        """
        24 00 00 00                                       # length 36
        2e 00 01 03                                       # RTM_GETTFILTER, REQUEST | DUMP
        cd 49 04 6b 00 00 00 00                           # sequence 1795443149, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 00 00                                       #   handle 0
        f2 ff ff ff                                       #   parent fffffff2
        00 00 00 00                                       #   info: pref 0, protocol 0000
        """)

    /// `tc filter add dev vnet0 ingress pref 256 protocol all u32 match u32 0 0
    /// action mirred egress mirror dev vnet1 continue cookie f7696473`
    static let addU32 = hex(
        """
        94 00 00 00                                       # length 148
        2c 00 05 06                                       # RTM_NEWTFILTER, REQUEST | ACK | EXCL | CREATE
        cc 49 04 6b 00 00 00 00                           # sequence 1795443148, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 00 00                                       #   handle 0
        f2 ff ff ff                                       #   parent fffffff2
        00 03 00 01                                       #   info: pref 256, protocol 0003
        08 00 01 00 75 33 32 00                           # TCA_KIND "u32"
        68 00 02 00                                       # TCA_OPTIONS
          40 00 07 00                                     # TCA_U32_ACT
            3c 00 01 00                                   # action 1
              0b 00 01 00 6d 69 72 72 65 64 00 00         # TCA_ACT_KIND "mirred"
              24 00 02 80                                 # TCA_ACT_OPTIONS
                # TCA_MIRRED_PARMS
                20 00 02 00 00 00 00 00 00 00 00 00 ff ff ff ff 00 00 00 00 00 00 00 00
                02 00 00 00 05 00 00 00
              08 00 06 00 f7 69 64 73                     # TCA_ACT_COOKIE 0x736469f7
          # TCA_U32_SEL
          24 00 05 00 01 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
          00 00 00 00 00 00 00 00 00 00 00 00
        """)

    /// `tc filter add dev vnet0 ingress pref 257 protocol all bpf bytecode '4,40 0 0 12,21 0 1 2054,6 0 0 262144,6 0 0 0'
    /// action mirred egress mirror dev br0 pipe cookie f7776562 action mirred egress mirror dev vnet1 continue cookie f7776562`
    static let addBPF = hex(
        """
        d8 00 00 00                                       # length 216
        2c 00 05 06                                       # RTM_NEWTFILTER, REQUEST | ACK | EXCL | CREATE
        cc 49 04 6b 00 00 00 00                           # sequence 1795443148, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 00 00                                       #   handle 0
        f2 ff ff ff                                       #   parent fffffff2
        00 03 01 01                                       #   info: pref 257, protocol 0003
        08 00 01 00 62 70 66 00                           # TCA_KIND "bpf"
        ac 00 02 00                                       # TCA_OPTIONS
          7c 00 01 00                                     # TCA_BPF_ACT
            3c 00 01 00                                   # action 1
              0b 00 01 00 6d 69 72 72 65 64 00 00         # TCA_ACT_KIND "mirred"
              24 00 02 80                                 # TCA_ACT_OPTIONS
                # TCA_MIRRED_PARMS
                20 00 02 00 00 00 00 00 00 00 00 00 03 00 00 00 00 00 00 00 00 00 00 00
                02 00 00 00 02 00 00 00
              08 00 06 00 f7 77 65 62                     # TCA_ACT_COOKIE 0x626577f7
            3c 00 02 00                                   # action 2
              0b 00 01 00 6d 69 72 72 65 64 00 00         # TCA_ACT_KIND "mirred"
              24 00 02 80                                 # TCA_ACT_OPTIONS
                # TCA_MIRRED_PARMS
                20 00 02 00 00 00 00 00 00 00 00 00 ff ff ff ff 00 00 00 00 00 00 00 00
                02 00 00 00 05 00 00 00
              08 00 06 00 f7 77 65 62                     # TCA_ACT_COOKIE 0x626577f7
          06 00 04 00 04 00 00 00                         # TCA_BPF_OPS_LEN 4
          # TCA_BPF_OPS
          24 00 05 00 28 00 00 00 0c 00 00 00 15 00 00 01 06 08 00 00 06 00 00 00
          00 00 04 00 06 00 00 00 00 00 00 00
        """)

    /// `tc filter del dev vnet0 ingress pref 256 protocol all handle 800::800 u32`
    static let removeFilter = hex(
        """
        2c 00 00 00                                       # length 44
        2d 00 05 00                                       # RTM_DELTFILTER, REQUEST | ACK
        2c 49 04 6b 00 00 00 00                           # sequence 1795442988, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 08 00 80                                       #   handle 80000800
        f2 ff ff ff                                       #   parent fffffff2
        00 03 00 01                                       #   info: pref 256, protocol 0003
        08 00 01 00 75 33 32 00                           # TCA_KIND "u32"
        """)

    /// `tc actions replace action mirred egress mirror dev br0 continue index 1 cookie f7696473`
    static let replaceAction = hex(
        """
        54 00 00 00                                       # length 84
        30 00 05 05                                       # RTM_NEWACTION, REQUEST | ACK | REPLACE | CREATE
        2b 49 04 6b 00 00 00 00                           # sequence 1795442987, port id
        00 00 00 00                                       # struct tcamsg
        40 00 01 00                                       # TCA_ACT_TAB
          3c 00 01 00                                     # action 1
            0b 00 01 00 6d 69 72 72 65 64 00 00           # TCA_ACT_KIND "mirred"
            24 00 02 80                                   # TCA_ACT_OPTIONS
              # TCA_MIRRED_PARMS
              20 00 02 00 01 00 00 00 00 00 00 00 ff ff ff ff 00 00 00 00 00 00 00 00
              02 00 00 00 02 00 00 00
            08 00 06 00 f7 69 64 73                       # TCA_ACT_COOKIE 0x736469f7
        """)
}
