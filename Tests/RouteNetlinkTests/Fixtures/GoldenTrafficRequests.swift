// Whatever follows a # on a line is a comment.

/// The requests about traffic control as this program sends them, with sequence number 1, and the equal command.
enum GoldenTrafficRequests {
    /// `tc qdisc show`
    static let qdiscDump = hex(
        """
        24 00 00 00                                       # length 36
        26 00 01 03                                       # RTM_GETQDISC, REQUEST | DUMP
        01 00 00 00 00 00 00 00                           # sequence 1, port id
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
        01 00 00 00 00 00 00 00                           # sequence 1, port id
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
        01 00 00 00 00 00 00 00                           # sequence 1, port id
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
        01 00 00 00 00 00 00 00                           # sequence 1, port id
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
        01 00 00 00 00 00 00 00                           # sequence 1, port id
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
        01 00 00 00 00 00 00 00                           # sequence 1, port id
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
        01 00 00 00 00 00 00 00                           # sequence 1, port id
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
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 00 00                                       #   handle 0
        f2 ff ff ff                                       #   parent fffffff2
        00 03 00 01                                       #   info: pref 256, protocol 0003
        08 00 01 00 75 33 32 00                           # TCA_KIND "u32"
        68 00 02 80                                       # TCA_OPTIONS
          # TCA_U32_SEL
          24 00 05 00 01 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
          00 00 00 00 00 00 00 00 00 00 00 00
          40 00 07 80                                     # TCA_U32_ACT
            3c 00 01 80                                   # action 1
              0b 00 01 00 6d 69 72 72 65 64 00 00         # TCA_ACT_KIND "mirred"
              24 00 02 80                                 # TCA_ACT_OPTIONS
                # TCA_MIRRED_PARMS
                20 00 02 00 00 00 00 00 00 00 00 00 ff ff ff ff 00 00 00 00 00 00 00 00
                02 00 00 00 05 00 00 00
              08 00 06 00 f7 69 64 73                     # TCA_ACT_COOKIE 0x736469f7
        """)

    /// `tc filter add dev vnet0 egress pref 768 protocol all matchall action mirred egress mirror dev vnet1 continue
    /// cookie f7696473`. The kernel of the capture has no matchall: by linux/pkt_cls.h, TCA_MATCHALL_ACT is 2.
    static let addMatchall = hex(
        """
        78 00 00 00                                       # length 120
        2c 00 05 06                                       # RTM_NEWTFILTER, REQUEST | ACK | EXCL | CREATE
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 00 00                                       #   handle 0
        f3 ff ff ff                                       #   parent fffffff3
        00 03 00 03                                       #   info: pref 768, protocol 0003
        # TCA_KIND "matchall"
        0d 00 01 00 6d 61 74 63 68 61 6c 6c 00 00 00 00
        44 00 02 80                                       # TCA_OPTIONS
          40 00 02 80                                     # TCA_MATCHALL_ACT
            3c 00 01 80                                   # action 1
              0b 00 01 00 6d 69 72 72 65 64 00 00         # TCA_ACT_KIND "mirred"
              24 00 02 80                                 # TCA_ACT_OPTIONS
                # TCA_MIRRED_PARMS
                20 00 02 00 00 00 00 00 00 00 00 00 ff ff ff ff 00 00 00 00 00 00 00 00
                02 00 00 00 05 00 00 00
              08 00 06 00 f7 69 64 73                     # TCA_ACT_COOKIE 0x736469f7
        """)

    /// `tc filter add dev vnet0 ingress pref 257 protocol all bpf bytecode '4,40 0 0 12,21 0 1 2054,6 0 0 262144,6 0 0 0'
    /// action mirred egress mirror dev br0 pipe cookie f7776562 action mirred egress mirror dev vnet1 continue cookie f7776562`
    static let addBPF = hex(
        """
        d8 00 00 00                                       # length 216
        2c 00 05 06                                       # RTM_NEWTFILTER, REQUEST | ACK | EXCL | CREATE
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 00 00                                       #   handle 0
        f2 ff ff ff                                       #   parent fffffff2
        00 03 01 01                                       #   info: pref 257, protocol 0003
        08 00 01 00 62 70 66 00                           # TCA_KIND "bpf"
        ac 00 02 80                                       # TCA_OPTIONS
          06 00 04 00 04 00 00 00                         # TCA_BPF_OPS_LEN 4
          # TCA_BPF_OPS
          24 00 05 00 28 00 00 00 0c 00 00 00 15 00 00 01 06 08 00 00 06 00 00 00
          00 00 04 00 06 00 00 00 00 00 00 00
          7c 00 01 80                                     # TCA_BPF_ACT
            3c 00 01 80                                   # action 1
              0b 00 01 00 6d 69 72 72 65 64 00 00         # TCA_ACT_KIND "mirred"
              24 00 02 80                                 # TCA_ACT_OPTIONS
                # TCA_MIRRED_PARMS
                20 00 02 00 00 00 00 00 00 00 00 00 03 00 00 00 00 00 00 00 00 00 00 00
                02 00 00 00 02 00 00 00
              08 00 06 00 f7 77 65 62                     # TCA_ACT_COOKIE 0x626577f7
            3c 00 02 80                                   # action 2
              0b 00 01 00 6d 69 72 72 65 64 00 00         # TCA_ACT_KIND "mirred"
              24 00 02 80                                 # TCA_ACT_OPTIONS
                # TCA_MIRRED_PARMS
                20 00 02 00 00 00 00 00 00 00 00 00 ff ff ff ff 00 00 00 00 00 00 00 00
                02 00 00 00 05 00 00 00
              08 00 06 00 f7 77 65 62                     # TCA_ACT_COOKIE 0x626577f7
        """)

    /// `tc filter del dev vnet0 ingress pref 256 protocol all handle 800::800 u32`
    static let removeFilter = hex(
        """
        2c 00 00 00                                       # length 44
        2d 00 05 00                                       # RTM_DELTFILTER, REQUEST | ACK
        01 00 00 00 00 00 00 00                           # sequence 1, port id
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
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        00 00 00 00                                       # struct tcamsg
        40 00 01 80                                       # TCA_ACT_TAB
          3c 00 01 80                                     # action 1
            0b 00 01 00 6d 69 72 72 65 64 00 00           # TCA_ACT_KIND "mirred"
            24 00 02 80                                   # TCA_ACT_OPTIONS
              # TCA_MIRRED_PARMS
              20 00 02 00 01 00 00 00 00 00 00 00 ff ff ff ff 00 00 00 00 00 00 00 00
              02 00 00 00 02 00 00 00
            08 00 06 00 f7 69 64 73                       # TCA_ACT_COOKIE 0x736469f7
        """)
}
