// Whatever follows a # on a line is a comment.

/// The requests about links as this program sends them, with sequence number 1, and the equal command.
enum GoldenLinkRequests {
    /// `ip -d link show`
    static let linkDump = hex(
        """
        28 00 00 00                                       # length 40
        12 00 01 03                                       # RTM_GETLINK, REQUEST | DUMP
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        # struct ifinfomsg: family 0, type 0, index 0, flags 0x0, change 0x0
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        08 00 1d 00 08 00 00 00                           # IFLA_EXT_MASK 8
        """)

    /// `ip -d link show master br0`, with the mask of ``linkDump`` where ip has 1, and family 0 where it has 17
    static let memberDump = hex(
        """
        30 00 00 00                                       # length 48
        12 00 01 03                                       # RTM_GETLINK, REQUEST | DUMP
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        # struct ifinfomsg: family 0, type 0, index 0, flags 0x0, change 0x0
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        08 00 1d 00 08 00 00 00                           # IFLA_EXT_MASK 8
        08 00 0a 00 02 00 00 00                           # IFLA_MASTER 2
        """)

    /// `ip link show dev vnet0`
    static let linkByName = hex(
        """
        2c 00 00 00                                       # length 44
        12 00 05 00                                       # RTM_GETLINK, REQUEST | ACK
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        # struct ifinfomsg: family 0, type 0, index 0, flags 0x0, change 0x0
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        0a 00 03 00 76 6e 65 74 30 00 00 00               # IFLA_IFNAME "vnet0"
        """)

    /// `ip link add name br0 type bridge`
    static let addBridge = hex(
        """
        38 00 00 00                                       # length 56
        10 00 05 06                                       # RTM_NEWLINK, REQUEST | ACK | EXCL | CREATE
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        # struct ifinfomsg: family 0, type 0, index 0, flags 0x0, change 0x0
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        08 00 03 00 62 72 30 00                           # IFLA_IFNAME "br0"
        10 00 12 80                                       # IFLA_LINKINFO
          0b 00 01 00 62 72 69 64 67 65 00 00             # IFLA_INFO_KIND "bridge"
        """)

    /// `ip link add vnet0 type veth peer name vnet0p`
    static let addVeth = hex(
        """
        60 00 00 00                                       # length 96
        10 00 05 06                                       # RTM_NEWLINK, REQUEST | ACK | EXCL | CREATE
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        # struct ifinfomsg: family 0, type 0, index 0, flags 0x0, change 0x0
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        0a 00 03 00 76 6e 65 74 30 00 00 00               # IFLA_IFNAME "vnet0"
        34 00 12 80                                       # IFLA_LINKINFO
          09 00 01 00 76 65 74 68 00 00 00 00             # IFLA_INFO_KIND "veth"
          24 00 02 80                                     # IFLA_INFO_DATA
            # data_veth attribute 1
            20 00 01 80 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 0b 00 03 00
            76 6e 65 74 30 70 00 00
        """)

    /// `ip link add vnet1 type veth peer name eth0 netns B`, the namespace being descriptor 5
    static let addVethElsewhere = hex(
        """
        68 00 00 00                                       # length 104
        10 00 05 06                                       # RTM_NEWLINK, REQUEST | ACK | EXCL | CREATE
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        # struct ifinfomsg: family 0, type 0, index 0, flags 0x0, change 0x0
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        0a 00 03 00 76 6e 65 74 31 00 00 00               # IFLA_IFNAME "vnet1"
        3c 00 12 80                                       # IFLA_LINKINFO
          09 00 01 00 76 65 74 68 00 00 00 00             # IFLA_INFO_KIND "veth"
          2c 00 02 80                                     # IFLA_INFO_DATA
            # data_veth attribute 1
            28 00 01 80 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 09 00 03 00
            65 74 68 30 00 00 00 00 08 00 1c 00 05 00 00 00
        """)

    /// `ip link del dev mv0`
    static let removeLink = hex(
        """
        20 00 00 00                                       # length 32
        11 00 05 00                                       # RTM_DELLINK, REQUEST | ACK
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        # struct ifinfomsg: family 0, type 0, index 7, flags 0x0, change 0x0
        00 00 00 00 07 00 00 00 00 00 00 00 00 00 00 00
        """)

    /// `ip link set dev vnet0 up`
    static let linkUp = hex(
        """
        20 00 00 00                                       # length 32
        10 00 05 00                                       # RTM_NEWLINK, REQUEST | ACK
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        # struct ifinfomsg: family 0, type 0, index 4, flags 0x1, change 0x1
        00 00 00 00 04 00 00 00 01 00 00 00 01 00 00 00
        """)

    /// `ip link set dev vnet0p down`
    static let linkDown = hex(
        """
        20 00 00 00                                       # length 32
        10 00 05 00                                       # RTM_NEWLINK, REQUEST | ACK
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        # struct ifinfomsg: family 0, type 0, index 3, flags 0x0, change 0x1
        00 00 00 00 03 00 00 00 00 00 00 00 01 00 00 00
        """)

    /// `ip link set dev vnet1 master br0`
    static let setMaster = hex(
        """
        28 00 00 00                                       # length 40
        10 00 05 00                                       # RTM_NEWLINK, REQUEST | ACK
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        # struct ifinfomsg: family 0, type 0, index 5, flags 0x0, change 0x0
        00 00 00 00 05 00 00 00 00 00 00 00 00 00 00 00
        08 00 0a 00 02 00 00 00                           # IFLA_MASTER 2
        """)

    /// `bridge link set dev vnet1 learning off flood off mcast_flood off bcast_flood off locked on`
    static let bridgeFlags = hex(
        """
        4c 00 00 00                                       # length 76
        13 00 05 00                                       # RTM_SETLINK, REQUEST | ACK
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        # struct ifinfomsg: family 7, type 0, index 5, flags 0x0, change 0x0
        07 00 00 00 05 00 00 00 00 00 00 00 00 00 00 00
        2c 00 0c 80                                       # IFLA_PROTINFO
          05 00 08 00 00 00 00 00                         # IFLA_BRPORT_LEARNING 0
          05 00 09 00 00 00 00 00                         # IFLA_BRPORT_UNICAST_FLOOD 0
          05 00 1b 00 00 00 00 00                         # IFLA_BRPORT_MCAST_FLOOD 0
          05 00 1e 00 00 00 00 00                         # IFLA_BRPORT_BCAST_FLOOD 0
          05 00 27 00 01 00 00 00                         # IFLA_BRPORT_LOCKED 1
        """)

    /// `bridge link set dev vnet1 state 0`; `bridge fdb flush dev vnet1` at once
    static let bridgeState = hex(
        """
        30 00 00 00                                       # length 48
        13 00 05 00                                       # RTM_SETLINK, REQUEST | ACK
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        # struct ifinfomsg: family 7, type 0, index 5, flags 0x0, change 0x0
        07 00 00 00 05 00 00 00 00 00 00 00 00 00 00 00
        10 00 0c 80                                       # IFLA_PROTINFO
          05 00 01 00 00 00 00 00                         # IFLA_BRPORT_STATE 0
          04 00 18 00                                     # IFLA_BRPORT_FLUSH
        """)

    /// `ip address add 192.0.2.9/24 dev vnet0`
    static let addAddress = hex(
        """
        28 00 00 00                                       # length 40
        14 00 05 06                                       # RTM_NEWADDR, REQUEST | ACK | EXCL | CREATE
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        02 18 00 00 04 00 00 00                           # struct ifaddrmsg
        08 00 02 00 c0 00 02 09                           # x attribute 2
        08 00 01 00 c0 00 02 09                           # x attribute 1
        """)

    /// `ip route get 192.0.2.1`
    static let routeGet = hex(
        """
        24 00 00 00                                       # length 36
        1a 00 05 00                                       # RTM_GETROUTE, REQUEST | ACK
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        02 20 00 00 00 00 00 00 00 00 00 00               # struct rtmsg
        08 00 01 00 c0 00 02 01                           # x attribute 1
        """)
}
