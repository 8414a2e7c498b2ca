// Captured on Linux 6.18. Whatever follows a # on a line is a comment.

/// What traffic control says of itself.
enum CapturedTraffic {
    /// `tc qdisc show`: vnet0 (index 4) has htb and clsact, vnet1 (5) noqueue and a plain ingress, the others noqueue.
    static let qdiscs = hex(
        """
        94 00 00 00                                       # length 148
        24 00 02 00                                       # RTM_NEWQDISC, MULTI
        08 00 00 00 76 13 00 00                           # sequence 8, port id
        00 00 00 00                                       # struct tcmsg: family
        01 00 00 00                                       #   index 1
        00 00 00 00                                       #   handle 0
        ff ff ff ff                                       #   parent ffffffff
        02 00 00 00                                       #   info 2
        0c 00 01 00 6e 6f 71 75 65 75 65 00               # TCA_KIND "noqueue"
        05 00 0c 00 00 00 00 00                           # TCA_HW_OFFLOAD 0
        30 00 07 00                                       # TCA_STATS2
          # TCA_STATS_BASIC
          14 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
          # TCA_STATS_QUEUE
          18 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        # TCA_STATS
        2c 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00

        94 00 00 00                                       # length 148
        24 00 02 00                                       # RTM_NEWQDISC, MULTI
        08 00 00 00 76 13 00 00                           # sequence 8, port id
        00 00 00 00                                       # struct tcmsg: family
        02 00 00 00                                       #   index 2
        00 00 00 00                                       #   handle 0
        ff ff ff ff                                       #   parent ffffffff
        02 00 00 00                                       #   info 2
        0c 00 01 00 6e 6f 71 75 65 75 65 00               # TCA_KIND "noqueue"
        05 00 0c 00 00 00 00 00                           # TCA_HW_OFFLOAD 0
        30 00 07 00                                       # TCA_STATS2
          # TCA_STATS_BASIC
          14 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
          # TCA_STATS_QUEUE
          18 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        # TCA_STATS
        2c 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00

        94 00 00 00                                       # length 148
        24 00 02 00                                       # RTM_NEWQDISC, MULTI
        08 00 00 00 76 13 00 00                           # sequence 8, port id
        00 00 00 00                                       # struct tcmsg: family
        03 00 00 00                                       #   index 3
        00 00 00 00                                       #   handle 0
        ff ff ff ff                                       #   parent ffffffff
        02 00 00 00                                       #   info 2
        0c 00 01 00 6e 6f 71 75 65 75 65 00               # TCA_KIND "noqueue"
        05 00 0c 00 00 00 00 00                           # TCA_HW_OFFLOAD 0
        30 00 07 00                                       # TCA_STATS2
          # TCA_STATS_BASIC
          14 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
          # TCA_STATS_QUEUE
          18 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        # TCA_STATS
        2c 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00

        b4 00 00 00                                       # length 180
        24 00 02 00                                       # RTM_NEWQDISC, MULTI
        08 00 00 00 76 13 00 00                           # sequence 8, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 01 00                                       #   handle 10000
        ff ff ff ff                                       #   parent ffffffff
        03 00 00 00                                       #   info 3
        08 00 01 00 68 74 62 00                           # TCA_KIND "htb"
        24 00 02 00                                       # TCA_OPTIONS
          # opt_htb attribute 2
          18 00 02 00 11 00 03 00 0a 00 00 00 10 00 00 00 00 00 00 00 05 00 00 00
          08 00 05 00 e8 03 00 00                         # opt_htb attribute 5
        05 00 0c 00 00 00 00 00                           # TCA_HW_OFFLOAD 0
        30 00 07 00                                       # TCA_STATS2
          # TCA_STATS_BASIC
          14 00 01 00 a4 01 00 00 00 00 00 00 06 00 00 00 00 00 00 00
          # TCA_STATS_QUEUE
          18 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        # TCA_STATS
        2c 00 03 00 a4 01 00 00 00 00 00 00 06 00 00 00 00 00 00 00 00 00 00 00
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00

        98 00 00 00                                       # length 152
        24 00 02 00                                       # RTM_NEWQDISC, MULTI
        08 00 00 00 76 13 00 00                           # sequence 8, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 ff ff                                       #   handle ffff0000
        f1 ff ff ff                                       #   parent fffffff1
        01 00 00 00                                       #   info 1
        0b 00 01 00 63 6c 73 61 63 74 00 00               # TCA_KIND "clsact"
        04 00 02 00                                       # TCA_OPTIONS
        05 00 0c 00 00 00 00 00                           # TCA_HW_OFFLOAD 0
        30 00 07 00                                       # TCA_STATS2
          # TCA_STATS_BASIC
          14 00 01 00 54 00 00 00 00 00 00 00 03 00 00 00 00 00 00 00
          # TCA_STATS_QUEUE
          18 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        # TCA_STATS
        2c 00 03 00 54 00 00 00 00 00 00 00 03 00 00 00 00 00 00 00 00 00 00 00
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00

        94 00 00 00                                       # length 148
        24 00 02 00                                       # RTM_NEWQDISC, MULTI
        08 00 00 00 76 13 00 00                           # sequence 8, port id
        00 00 00 00                                       # struct tcmsg: family
        05 00 00 00                                       #   index 5
        00 00 00 00                                       #   handle 0
        ff ff ff ff                                       #   parent ffffffff
        02 00 00 00                                       #   info 2
        0c 00 01 00 6e 6f 71 75 65 75 65 00               # TCA_KIND "noqueue"
        05 00 0c 00 00 00 00 00                           # TCA_HW_OFFLOAD 0
        30 00 07 00                                       # TCA_STATS2
          # TCA_STATS_BASIC
          14 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
          # TCA_STATS_QUEUE
          18 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        # TCA_STATS
        2c 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00

        98 00 00 00                                       # length 152
        24 00 02 00                                       # RTM_NEWQDISC, MULTI
        08 00 00 00 76 13 00 00                           # sequence 8, port id
        00 00 00 00                                       # struct tcmsg: family
        05 00 00 00                                       #   index 5
        00 00 ff ff                                       #   handle ffff0000
        f1 ff ff ff                                       #   parent fffffff1
        01 00 00 00                                       #   info 1
        0c 00 01 00 69 6e 67 72 65 73 73 00               # TCA_KIND "ingress"
        04 00 02 00                                       # TCA_OPTIONS
        05 00 0c 00 00 00 00 00                           # TCA_HW_OFFLOAD 0
        30 00 07 00                                       # TCA_STATS2
          # TCA_STATS_BASIC
          14 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
          # TCA_STATS_QUEUE
          18 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        # TCA_STATS
        2c 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        """)

    /// `tc -s filter show dev vnet0 ingress` with, in this order,
    /// `pref 256 protocol all u32 match u32 0 0 action mirred egress mirror dev vnet1 continue cookie f7696473`;
    /// `pref 257 protocol all bpf bytecode '4,40 0 0 12,21 0 1 2054,6 0 0 262144,6 0 0 0'
    /// action mirred egress mirror dev br0 pipe cookie f7776562 action mirred egress mirror dev vnet1 continue cookie f7776562`;
    /// `pref 500 protocol ip u32 match ip dport 80 0xffff match ip protocol 6 0xff flowid 1:1`;
    /// `pref 600 protocol all bpf da bytecode '1,6 0 0 0'`.
    /// Three ARP requests have passed; both targets were without carrier.
    static let ingressFilters = hex(
        """
        34 00 00 00                                       # length 52
        2c 00 02 00                                       # RTM_NEWTFILTER, MULTI
        09 00 00 00 76 13 00 00                           # sequence 9, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 00 00                                       #   handle 0
        f2 ff ff ff                                       #   parent fffffff2
        00 03 00 01                                       #   info: pref 256, protocol 0003
        08 00 01 00 75 33 32 00                           # TCA_KIND "u32"
        08 00 0b 00 00 00 00 00                           # TCA_CHAIN 0

        40 00 00 00                                       # length 64
        2c 00 02 00                                       # RTM_NEWTFILTER, MULTI
        09 00 00 00 76 13 00 00                           # sequence 9, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 00 80                                       #   handle 80000000
        f2 ff ff ff                                       #   parent fffffff2
        00 03 00 01                                       #   info: pref 256, protocol 0003
        08 00 01 00 75 33 32 00                           # TCA_KIND "u32"
        08 00 0b 00 00 00 00 00                           # TCA_CHAIN 0
        0c 00 02 00                                       # TCA_OPTIONS
          08 00 04 00 01 00 00 00                         # TCA_U32_DIVISOR 1

        1c 01 00 00                                       # length 284
        2c 00 02 00                                       # RTM_NEWTFILTER, MULTI
        09 00 00 00 76 13 00 00                           # sequence 9, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 08 00 80                                       #   handle 80000800
        f2 ff ff ff                                       #   parent fffffff2
        00 03 00 01                                       #   info: pref 256, protocol 0003
        08 00 01 00 75 33 32 00                           # TCA_KIND "u32"
        08 00 0b 00 00 00 00 00                           # TCA_CHAIN 0
        e8 00 02 00                                       # TCA_OPTIONS
          # TCA_U32_SEL
          24 00 05 00 01 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
          00 00 00 00 00 00 00 00 00 00 00 00
          08 00 02 00 00 00 00 80                         # TCA_U32_HASH 0x80000000
          08 00 0b 00 08 00 00 00                         # TCA_U32_FLAGS 8
          b0 00 07 00                                     # TCA_U32_ACT
            ac 00 01 00                                   # action 1
              0b 00 01 00 6d 69 72 72 65 64 00 00         # TCA_ACT_KIND "mirred"
              44 00 04 00                                 # TCA_ACT_STATS
                # TCA_STATS_BASIC
                14 00 01 00 54 00 00 00 00 00 00 00 03 00 00 00 00 00 00 00
                # TCA_STATS_BASIC_HW
                14 00 07 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
                # TCA_STATS_QUEUE
                18 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 03 00 00 00
              08 00 06 00 f7 69 64 73                     # TCA_ACT_COOKIE 0x736469f7
              08 00 0a 00 00 00 00 00                     # TCA_ACT_IN_HW_COUNT 0
              48 00 02 00                                 # TCA_ACT_OPTIONS
                # TCA_MIRRED_PARMS
                20 00 02 00 01 00 00 00 00 00 00 00 ff ff ff ff 01 00 00 00 01 00 00 00
                02 00 00 00 05 00 00 00
                # TCA_MIRRED_TM
                24 00 01 00 ff 16 00 00 00 00 00 00 2a 16 00 00 00 00 00 00 00 00 00 00
                00 00 00 00 f8 16 00 00 00 00 00 00

        34 00 00 00                                       # length 52
        2c 00 02 00                                       # RTM_NEWTFILTER, MULTI
        09 00 00 00 76 13 00 00                           # sequence 9, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 00 00                                       #   handle 0
        f2 ff ff ff                                       #   parent fffffff2
        00 03 01 01                                       #   info: pref 257, protocol 0003
        08 00 01 00 62 70 66 00                           # TCA_KIND "bpf"
        08 00 0b 00 00 00 00 00                           # TCA_CHAIN 0

        c8 01 00 00                                       # length 456
        2c 00 02 00                                       # RTM_NEWTFILTER, MULTI
        09 00 00 00 76 13 00 00                           # sequence 9, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        01 00 00 00                                       #   handle 1
        f2 ff ff ff                                       #   parent fffffff2
        00 03 01 01                                       #   info: pref 257, protocol 0003
        08 00 01 00 62 70 66 00                           # TCA_KIND "bpf"
        08 00 0b 00 00 00 00 00                           # TCA_CHAIN 0
        94 01 02 00                                       # TCA_OPTIONS
          06 00 04 00 04 00 00 00                         # TCA_BPF_OPS_LEN 4
          # TCA_BPF_OPS
          24 00 05 00 28 00 00 00 0c 00 00 00 15 00 00 01 06 08 00 00 06 00 00 00
          00 00 04 00 06 00 00 00 00 00 00 00
          5c 01 01 00                                     # TCA_BPF_ACT
            ac 00 01 00                                   # action 1
              0b 00 01 00 6d 69 72 72 65 64 00 00         # TCA_ACT_KIND "mirred"
              44 00 04 00                                 # TCA_ACT_STATS
                # TCA_STATS_BASIC
                14 00 01 00 54 00 00 00 00 00 00 00 03 00 00 00 00 00 00 00
                # TCA_STATS_BASIC_HW
                14 00 07 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
                # TCA_STATS_QUEUE
                18 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 03 00 00 00
              08 00 06 00 f7 77 65 62                     # TCA_ACT_COOKIE 0x626577f7
              08 00 0a 00 00 00 00 00                     # TCA_ACT_IN_HW_COUNT 0
              48 00 02 00                                 # TCA_ACT_OPTIONS
                # TCA_MIRRED_PARMS
                20 00 02 00 02 00 00 00 00 00 00 00 03 00 00 00 01 00 00 00 01 00 00 00
                02 00 00 00 02 00 00 00
                # TCA_MIRRED_TM
                24 00 01 00 fd 16 00 00 00 00 00 00 2a 16 00 00 00 00 00 00 00 00 00 00
                00 00 00 00 f8 16 00 00 00 00 00 00
            ac 00 02 00                                   # action 2
              0b 00 01 00 6d 69 72 72 65 64 00 00         # TCA_ACT_KIND "mirred"
              44 00 04 00                                 # TCA_ACT_STATS
                # TCA_STATS_BASIC
                14 00 01 00 54 00 00 00 00 00 00 00 03 00 00 00 00 00 00 00
                # TCA_STATS_BASIC_HW
                14 00 07 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
                # TCA_STATS_QUEUE
                18 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 03 00 00 00
              08 00 06 00 f7 77 65 62                     # TCA_ACT_COOKIE 0x626577f7
              08 00 0a 00 00 00 00 00                     # TCA_ACT_IN_HW_COUNT 0
              48 00 02 00                                 # TCA_ACT_OPTIONS
                # TCA_MIRRED_PARMS
                20 00 02 00 03 00 00 00 00 00 00 00 ff ff ff ff 01 00 00 00 01 00 00 00
                02 00 00 00 05 00 00 00
                # TCA_MIRRED_TM
                24 00 01 00 fd 16 00 00 00 00 00 00 2a 16 00 00 00 00 00 00 00 00 00 00
                00 00 00 00 f8 16 00 00 00 00 00 00
          08 00 09 00 08 00 00 00                         # TCA_BPF_FLAGS_GEN 8

        34 00 00 00                                       # length 52
        2c 00 02 00                                       # RTM_NEWTFILTER, MULTI
        09 00 00 00 76 13 00 00                           # sequence 9, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 00 00                                       #   handle 0
        f2 ff ff ff                                       #   parent fffffff2
        08 00 f4 01                                       #   info: pref 500, protocol 0800
        08 00 01 00 75 33 32 00                           # TCA_KIND "u32"
        08 00 0b 00 00 00 00 00                           # TCA_CHAIN 0

        40 00 00 00                                       # length 64
        2c 00 02 00                                       # RTM_NEWTFILTER, MULTI
        09 00 00 00 76 13 00 00                           # sequence 9, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 10 80                                       #   handle 80100000
        f2 ff ff ff                                       #   parent fffffff2
        08 00 f4 01                                       #   info: pref 500, protocol 0800
        08 00 01 00 75 33 32 00                           # TCA_KIND "u32"
        08 00 0b 00 00 00 00 00                           # TCA_CHAIN 0
        0c 00 02 00                                       # TCA_OPTIONS
          08 00 04 00 01 00 00 00                         # TCA_U32_DIVISOR 1

        84 00 00 00                                       # length 132
        2c 00 02 00                                       # RTM_NEWTFILTER, MULTI
        09 00 00 00 76 13 00 00                           # sequence 9, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 08 10 80                                       #   handle 80100800
        f2 ff ff ff                                       #   parent fffffff2
        08 00 f4 01                                       #   info: pref 500, protocol 0800
        08 00 01 00 75 33 32 00                           # TCA_KIND "u32"
        08 00 0b 00 00 00 00 00                           # TCA_CHAIN 0
        50 00 02 00                                       # TCA_OPTIONS
          # TCA_U32_SEL
          34 00 05 00 01 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 ff ff
          00 00 00 50 14 00 00 00 00 00 00 00 00 ff 00 00 00 06 00 00 08 00 00 00
          00 00 00 00
          08 00 02 00 00 00 10 80                         # TCA_U32_HASH 0x80100000
          08 00 01 00 01 00 01 00                         # TCA_U32_CLASSID 65537
          08 00 0b 00 08 00 00 00                         # TCA_U32_FLAGS 8

        34 00 00 00                                       # length 52
        2c 00 02 00                                       # RTM_NEWTFILTER, MULTI
        09 00 00 00 76 13 00 00                           # sequence 9, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 00 00                                       #   handle 0
        f2 ff ff ff                                       #   parent fffffff2
        00 03 58 02                                       #   info: pref 600, protocol 0003
        08 00 01 00 62 70 66 00                           # TCA_KIND "bpf"
        08 00 0b 00 00 00 00 00                           # TCA_CHAIN 0

        5c 00 00 00                                       # length 92
        2c 00 02 00                                       # RTM_NEWTFILTER, MULTI
        09 00 00 00 76 13 00 00                           # sequence 9, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        01 00 00 00                                       #   handle 1
        f2 ff ff ff                                       #   parent fffffff2
        00 03 58 02                                       #   info: pref 600, protocol 0003
        08 00 01 00 62 70 66 00                           # TCA_KIND "bpf"
        08 00 0b 00 00 00 00 00                           # TCA_CHAIN 0
        28 00 02 00                                       # TCA_OPTIONS
          06 00 04 00 01 00 00 00                         # TCA_BPF_OPS_LEN 1
          0c 00 05 00 06 00 00 00 00 00 00 00             # TCA_BPF_OPS
          08 00 08 00 01 00 00 00                         # TCA_BPF_FLAGS 1
          08 00 09 00 08 00 00 00                         # TCA_BPF_FLAGS_GEN 8
        """)

    /// `tc -s filter show dev vnet0 egress` with
    /// `pref 768 protocol all u32 match u32 0 0 action mirred egress redirect dev vnet1`
    static let egressFilters = hex(
        """
        34 00 00 00                                       # length 52
        2c 00 02 00                                       # RTM_NEWTFILTER, MULTI
        2b 49 04 6b 1b 66 00 00                           # sequence 1795442987, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 00 00                                       #   handle 0
        f3 ff ff ff                                       #   parent fffffff3
        00 03 00 03                                       #   info: pref 768, protocol 0003
        08 00 01 00 75 33 32 00                           # TCA_KIND "u32"
        08 00 0b 00 00 00 00 00                           # TCA_CHAIN 0

        40 00 00 00                                       # length 64
        2c 00 02 00                                       # RTM_NEWTFILTER, MULTI
        2b 49 04 6b 1b 66 00 00                           # sequence 1795442987, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 20 80                                       #   handle 80200000
        f3 ff ff ff                                       #   parent fffffff3
        00 03 00 03                                       #   info: pref 768, protocol 0003
        08 00 01 00 75 33 32 00                           # TCA_KIND "u32"
        08 00 0b 00 00 00 00 00                           # TCA_CHAIN 0
        0c 00 02 00                                       # TCA_OPTIONS
          08 00 04 00 01 00 00 00                         # TCA_U32_DIVISOR 1

        14 01 00 00                                       # length 276
        2c 00 02 00                                       # RTM_NEWTFILTER, MULTI
        2b 49 04 6b 1b 66 00 00                           # sequence 1795442987, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 08 20 80                                       #   handle 80200800
        f3 ff ff ff                                       #   parent fffffff3
        00 03 00 03                                       #   info: pref 768, protocol 0003
        08 00 01 00 75 33 32 00                           # TCA_KIND "u32"
        08 00 0b 00 00 00 00 00                           # TCA_CHAIN 0
        e0 00 02 00                                       # TCA_OPTIONS
          # TCA_U32_SEL
          24 00 05 00 01 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
          00 00 00 00 00 00 00 00 00 00 00 00
          08 00 02 00 00 00 20 80                         # TCA_U32_HASH 0x80200000
          08 00 0b 00 08 00 00 00                         # TCA_U32_FLAGS 8
          a8 00 07 00                                     # TCA_U32_ACT
            a4 00 01 00                                   # action 1
              0b 00 01 00 6d 69 72 72 65 64 00 00         # TCA_ACT_KIND "mirred"
              44 00 04 00                                 # TCA_ACT_STATS
                # TCA_STATS_BASIC
                14 00 01 00 54 01 00 00 00 00 00 00 04 00 00 00 00 00 00 00
                # TCA_STATS_BASIC_HW
                14 00 07 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
                # TCA_STATS_QUEUE
                18 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 04 00 00 00
              08 00 0a 00 00 00 00 00                     # TCA_ACT_IN_HW_COUNT 0
              48 00 02 00                                 # TCA_ACT_OPTIONS
                # TCA_MIRRED_PARMS
                20 00 02 00 04 00 00 00 00 00 00 00 04 00 00 00 01 00 00 00 01 00 00 00
                01 00 00 00 05 00 00 00
                # TCA_MIRRED_TM
                24 00 01 00 25 01 00 00 00 00 00 00 7d 00 00 00 00 00 00 00 00 00 00 00
                00 00 00 00 f0 00 00 00 00 00 00 00
        """)

    /// `tc chain show dev vnet0 ingress` with `tc chain add dev vnet0 ingress chain 20557`
    static let chains = hex(
        """
        2c 00 00 00                                       # length 44
        64 00 02 00                                       # RTM_NEWCHAIN, MULTI
        0b 00 00 00 76 13 00 00                           # sequence 11, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 00 00                                       #   handle 0
        00 00 ff ff                                       #   parent ffff0000
        00 00 00 00                                       #   info 0
        08 00 0b 00 00 00 00 00                           # TCA_CHAIN 0

        2c 00 00 00                                       # length 44
        64 00 02 00                                       # RTM_NEWCHAIN, MULTI
        0b 00 00 00 76 13 00 00                           # sequence 11, port id
        00 00 00 00                                       # struct tcmsg: family
        04 00 00 00                                       #   index 4
        00 00 00 00                                       #   handle 0
        00 00 ff ff                                       #   parent ffff0000
        00 00 00 00                                       #   info 0
        08 00 0b 00 4d 50 00 00                           # TCA_CHAIN 20557
        """)

    /// `tc -s actions get action mirred index 1`, after it was pointed at br0 in place
    static let action = hex(
        """
        c4 00 00 00                                       # length 196
        32 00 00 00                                       # RTM_GETACTION, no flags
        2c 49 04 6b 23 66 00 00                           # sequence 1795442988, port id
        00 00 00 00                                       # struct tcamsg
        b0 00 01 00                                       # TCA_ACT_TAB
          ac 00 01 00                                     # action 1
            0b 00 01 00 6d 69 72 72 65 64 00 00           # TCA_ACT_KIND "mirred"
            44 00 04 00                                   # TCA_ACT_STATS
              # TCA_STATS_BASIC
              14 00 01 00 d4 01 00 00 00 00 00 00 09 00 00 00 00 00 00 00
              # TCA_STATS_BASIC_HW
              14 00 07 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
              # TCA_STATS_QUEUE
              18 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 09 00 00 00
            08 00 06 00 f7 69 64 73                       # TCA_ACT_COOKIE 0x736469f7
            08 00 0a 00 00 00 00 00                       # TCA_ACT_IN_HW_COUNT 0
            48 00 02 00                                   # TCA_ACT_OPTIONS
              # TCA_MIRRED_PARMS
              20 00 02 00 01 00 00 00 00 00 00 00 ff ff ff ff 01 00 00 00 01 00 00 00
              02 00 00 00 02 00 00 00
              # TCA_MIRRED_TM
              24 00 01 00 32 01 00 00 00 00 00 00 46 00 00 00 00 00 00 00 00 00 00 00
              00 00 00 00 28 01 00 00 00 00 00 00
        """)

    /// `ip route get 192.0.2.1`
    static let route = hex(
        """
        68 00 00 00                                       # length 104
        18 00 00 00                                       # RTM_NEWROUTE, no flags
        01 00 00 00 86 1f 00 00                           # sequence 1, port id
        02 20 00 00 fe 00 00 01 00 02 00 00               # struct rtmsg
        08 00 0f 00 fe 00 00 00                           # x attribute 15
        08 00 01 00 c0 00 02 01                           # x attribute 1
        08 00 04 00 04 00 00 00                           # x attribute 4
        08 00 07 00 c0 00 02 09                           # x attribute 7
        08 00 19 00 00 00 00 00                           # x attribute 25
        # x attribute 12
        24 00 0c 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        00 00 00 00 00 00 00 00 00 00 00 00
        """)
}
