// Captured on Linux 6.18. Whatever follows a # on a line is a comment.

/// What the generic netlink family "ethtool" answers.
enum CapturedFeatures {
    /// The controller, asked for the family "ethtool"
    static let family = hex(
        """
        48 04 00 00                                       # length 1096
        10 00 00 00                                       # GENL_ID_CTRL, no flags
        01 00 00 00 86 1f 00 00                           # sequence 1, port id
        01 02 00 00                                       # struct genlmsghdr: command 1, version 2
        0c 00 02 00 65 74 68 74 6f 6f 6c 00               # CTRL_ATTR_FAMILY_NAME "ethtool"
        06 00 01 00 15 00 00 00                           # CTRL_ATTR_FAMILY_ID 21
        08 00 03 00 01 00 00 00                           # CTRL_ATTR_VERSION 1
        08 00 04 00 00 00 00 00                           # CTRL_ATTR_HDRSIZE 0
        08 00 05 00 00 00 00 00                           # CTRL_ATTR_MAXATTR 0
        # CTRL_ATTR_OPS
        ec 03 06 00 14 00 01 00 08 00 01 00 01 00 00 00 08 00 02 00 0e 00 00 00 14 00 02 00 08 00 01 00
        02 00 00 00 08 00 02 00 0e 00 00 00 14 00 03 00 08 00 01 00 03 00 00 00 08 00 02 00 1a 00 00 00
        14 00 04 00 08 00 01 00 04 00 00 00 08 00 02 00 0e 00 00 00 14 00 05 00 08 00 01 00 05 00 00 00
        08 00 02 00 1a 00 00 00 14 00 06 00 08 00 01 00 06 00 00 00 08 00 02 00 0e 00 00 00 14 00 07 00
        08 00 01 00 07 00 00 00 08 00 02 00 0e 00 00 00 14 00 08 00 08 00 01 00 08 00 00 00 08 00 02 00
        1a 00 00 00 14 00 09 00 08 00 01 00 09 00 00 00 08 00 02 00 1e 00 00 00 14 00 0a 00 08 00 01 00
        0a 00 00 00 08 00 02 00 1a 00 00 00 14 00 0b 00 08 00 01 00 0b 00 00 00 08 00 02 00 0e 00 00 00
        14 00 0c 00 08 00 01 00 0c 00 00 00 08 00 02 00 1a 00 00 00 14 00 0d 00 08 00 01 00 0d 00 00 00
        08 00 02 00 0e 00 00 00 14 00 0e 00 08 00 01 00 0e 00 00 00 08 00 02 00 1a 00 00 00 14 00 0f 00
        08 00 01 00 0f 00 00 00 08 00 02 00 0e 00 00 00 14 00 10 00 08 00 01 00 10 00 00 00 08 00 02 00
        1a 00 00 00 14 00 11 00 08 00 01 00 11 00 00 00 08 00 02 00 0e 00 00 00 14 00 12 00 08 00 01 00
        12 00 00 00 08 00 02 00 1a 00 00 00 14 00 13 00 08 00 01 00 13 00 00 00 08 00 02 00 0e 00 00 00
        14 00 14 00 08 00 01 00 14 00 00 00 08 00 02 00 1a 00 00 00 14 00 15 00 08 00 01 00 15 00 00 00
        08 00 02 00 0e 00 00 00 14 00 16 00 08 00 01 00 16 00 00 00 08 00 02 00 1a 00 00 00 14 00 17 00
        08 00 01 00 17 00 00 00 08 00 02 00 0e 00 00 00 14 00 18 00 08 00 01 00 18 00 00 00 08 00 02 00
        1a 00 00 00 14 00 19 00 08 00 01 00 19 00 00 00 08 00 02 00 0e 00 00 00 14 00 1a 00 08 00 01 00
        1a 00 00 00 08 00 02 00 1a 00 00 00 14 00 1b 00 08 00 01 00 1b 00 00 00 08 00 02 00 1a 00 00 00
        14 00 1c 00 08 00 01 00 1c 00 00 00 08 00 02 00 0e 00 00 00 14 00 1d 00 08 00 01 00 1d 00 00 00
        08 00 02 00 0e 00 00 00 14 00 1e 00 08 00 01 00 1e 00 00 00 08 00 02 00 1a 00 00 00 14 00 1f 00
        08 00 01 00 1f 00 00 00 08 00 02 00 1e 00 00 00 14 00 20 00 08 00 01 00 20 00 00 00 08 00 02 00
        0e 00 00 00 14 00 21 00 08 00 01 00 21 00 00 00 08 00 02 00 0e 00 00 00 14 00 22 00 08 00 01 00
        22 00 00 00 08 00 02 00 0e 00 00 00 14 00 23 00 08 00 01 00 23 00 00 00 08 00 02 00 1a 00 00 00
        14 00 24 00 08 00 01 00 24 00 00 00 08 00 02 00 0e 00 00 00 14 00 25 00 08 00 01 00 25 00 00 00
        08 00 02 00 1a 00 00 00 14 00 26 00 08 00 01 00 26 00 00 00 08 00 02 00 0e 00 00 00 14 00 27 00
        08 00 01 00 27 00 00 00 08 00 02 00 0e 00 00 00 14 00 28 00 08 00 01 00 28 00 00 00 08 00 02 00
        1a 00 00 00 14 00 29 00 08 00 01 00 29 00 00 00 08 00 02 00 0e 00 00 00 14 00 2a 00 08 00 01 00
        2a 00 00 00 08 00 02 00 0e 00 00 00 14 00 2b 00 08 00 01 00 2b 00 00 00 08 00 02 00 1a 00 00 00
        14 00 2c 00 08 00 01 00 2c 00 00 00 08 00 02 00 1a 00 00 00 14 00 2d 00 08 00 01 00 2d 00 00 00
        08 00 02 00 0e 00 00 00 14 00 2e 00 08 00 01 00 2e 00 00 00 08 00 02 00 0e 00 00 00 14 00 2f 00
        08 00 01 00 2f 00 00 00 08 00 02 00 1a 00 00 00 14 00 30 00 08 00 01 00 30 00 00 00 08 00 02 00
        1a 00 00 00 14 00 31 00 08 00 01 00 31 00 00 00 08 00 02 00 1a 00 00 00 14 00 32 00 08 00 01 00
        32 00 00 00 08 00 02 00 1a 00 00 00
        # CTRL_ATTR_MCAST_GROUPS
        1c 00 07 00 18 00 01 00 08 00 02 00 06 00 00 00 0c 00 01 00 6d 6f 6e 69
        74 6f 72 00
        """)

    /// `ethtool -k vnet0`, a veth whose user has switched nothing yet but `tx off tso off`
    static let features = hex(
        """
        d4 0e 00 00                                       # length 3796
        15 00 00 00                                       # family 21, no flags
        01 00 00 00 86 1f 00 00                           # sequence 1, port id
        0b 01 00 00                                       # struct genlmsghdr: command 11, version 1
        18 00 01 80                                       # ETHTOOL_A_FEATURES_HEADER
          08 00 01 00 04 00 00 00                         # ETHTOOL_A_HEADER_DEV_INDEX 4
          0a 00 02 00 76 6e 65 74 30 00 00 00             # ETHTOOL_A_HEADER_DEV_NAME "vnet0"
        28 09 02 80                                       # ETHTOOL_A_FEATURES_HW
          08 00 02 00 40 00 00 00                         # ETHTOOL_A_BITSET_SIZE 64
          1c 09 03 80                                     # ETHTOOL_A_BITSET_BITS
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 00 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 0
              # ETHTOOL_A_BITSET_BIT_NAME "tx-scatter-gather"
              16 00 02 00 74 78 2d 73 63 61 74 74 65 72 2d 67 61 74 68 65 72 00 00 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 01 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 1
              # ETHTOOL_A_BITSET_BIT_NAME "tx-checksum-ipv4"
              15 00 02 00 74 78 2d 63 68 65 63 6b 73 75 6d 2d 69 70 76 34 00 00 00 00
            14 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 02 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 2
              05 00 02 00 00 00 00 00                     # ETHTOOL_A_BITSET_BIT_NAME 0
            2c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 03 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 3
              # ETHTOOL_A_BITSET_BIT_NAME "tx-checksum-ip-generic"
              1b 00 02 00 74 78 2d 63 68 65 63 6b 73 75 6d 2d 69 70 2d 67 65 6e 65 72
              69 63 00 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 04 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 4
              # ETHTOOL_A_BITSET_BIT_NAME "tx-checksum-ipv6"
              15 00 02 00 74 78 2d 63 68 65 63 6b 73 75 6d 2d 69 70 76 36 00 00 00 00
            1c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 05 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 5
              0c 00 02 00 68 69 67 68 64 6d 61 00         # ETHTOOL_A_BITSET_BIT_NAME "highdma"
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            30 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 06 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 6
              # ETHTOOL_A_BITSET_BIT_NAME "tx-scatter-gather-fraglist"
              1f 00 02 00 74 78 2d 73 63 61 74 74 65 72 2d 67 61 74 68 65 72 2d 66 72
              61 67 6c 69 73 74 00 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 07 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 7
              # ETHTOOL_A_BITSET_BIT_NAME "tx-vlan-hw-insert"
              16 00 02 00 74 78 2d 76 6c 61 6e 2d 68 77 2d 69 6e 73 65 72 74 00 00 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 08 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 8
              # ETHTOOL_A_BITSET_BIT_NAME "rx-vlan-hw-parse"
              15 00 02 00 72 78 2d 76 6c 61 6e 2d 68 77 2d 70 61 72 73 65 00 00 00 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            20 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 09 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 9
              # ETHTOOL_A_BITSET_BIT_NAME "rx-vlan-filter"
              13 00 02 00 72 78 2d 76 6c 61 6e 2d 66 69 6c 74 65 72 00 00
            20 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 0a 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 10
              # ETHTOOL_A_BITSET_BIT_NAME "vlan-challenged"
              14 00 02 00 76 6c 61 6e 2d 63 68 61 6c 6c 65 6e 67 65 64 00
            2c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 0b 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 11
              # ETHTOOL_A_BITSET_BIT_NAME "tx-generic-segmentation"
              1c 00 02 00 74 78 2d 67 65 6e 65 72 69 63 2d 73 65 67 6d 65 6e 74 61 74
              69 6f 6e 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            14 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 0c 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 12
              05 00 02 00 00 00 00 00                     # ETHTOOL_A_BITSET_BIT_NAME 0
            14 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 0d 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 13
              05 00 02 00 00 00 00 00                     # ETHTOOL_A_BITSET_BIT_NAME 0
            1c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 0e 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 14
              0b 00 02 00 72 78 2d 67 72 6f 00 00         # ETHTOOL_A_BITSET_BIT_NAME "rx-gro"
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            18 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 0f 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 15
              0b 00 02 00 72 78 2d 6c 72 6f 00 00         # ETHTOOL_A_BITSET_BIT_NAME "rx-lro"
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 10 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 16
              # ETHTOOL_A_BITSET_BIT_NAME "tx-tcp-segmentation"
              18 00 02 00 74 78 2d 74 63 70 2d 73 65 67 6d 65 6e 74 61 74 69 6f 6e 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            20 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 11 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 17
              # ETHTOOL_A_BITSET_BIT_NAME "tx-gso-robust"
              12 00 02 00 74 78 2d 67 73 6f 2d 72 6f 62 75 73 74 00 00 00
            2c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 12 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 18
              # ETHTOOL_A_BITSET_BIT_NAME "tx-tcp-ecn-segmentation"
              1c 00 02 00 74 78 2d 74 63 70 2d 65 63 6e 2d 73 65 67 6d 65 6e 74 61 74
              69 6f 6e 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            34 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 13 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 19
              # ETHTOOL_A_BITSET_BIT_NAME "tx-tcp-mangleid-segmentation"
              21 00 02 00 74 78 2d 74 63 70 2d 6d 61 6e 67 6c 65 69 64 2d 73 65 67 6d
              65 6e 74 61 74 69 6f 6e 00 00 00 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            2c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 14 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 20
              # ETHTOOL_A_BITSET_BIT_NAME "tx-tcp6-segmentation"
              19 00 02 00 74 78 2d 74 63 70 36 2d 73 65 67 6d 65 6e 74 61 74 69 6f 6e
              00 00 00 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 15 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 21
              # ETHTOOL_A_BITSET_BIT_NAME "tx-fcoe-segmentation"
              19 00 02 00 74 78 2d 66 63 6f 65 2d 73 65 67 6d 65 6e 74 61 74 69 6f 6e
              00 00 00 00
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 16 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 22
              # ETHTOOL_A_BITSET_BIT_NAME "tx-gre-segmentation"
              18 00 02 00 74 78 2d 67 72 65 2d 73 65 67 6d 65 6e 74 61 74 69 6f 6e 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            30 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 17 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 23
              # ETHTOOL_A_BITSET_BIT_NAME "tx-gre-csum-segmentation"
              1d 00 02 00 74 78 2d 67 72 65 2d 63 73 75 6d 2d 73 65 67 6d 65 6e 74 61
              74 69 6f 6e 00 00 00 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            2c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 18 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 24
              # ETHTOOL_A_BITSET_BIT_NAME "tx-ipxip4-segmentation"
              1b 00 02 00 74 78 2d 69 70 78 69 70 34 2d 73 65 67 6d 65 6e 74 61 74 69
              6f 6e 00 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            2c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 19 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 25
              # ETHTOOL_A_BITSET_BIT_NAME "tx-ipxip6-segmentation"
              1b 00 02 00 74 78 2d 69 70 78 69 70 36 2d 73 65 67 6d 65 6e 74 61 74 69
              6f 6e 00 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            2c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 1a 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 26
              # ETHTOOL_A_BITSET_BIT_NAME "tx-udp_tnl-segmentation"
              1c 00 02 00 74 78 2d 75 64 70 5f 74 6e 6c 2d 73 65 67 6d 65 6e 74 61 74
              69 6f 6e 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            34 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 1b 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 27
              # ETHTOOL_A_BITSET_BIT_NAME "tx-udp_tnl-csum-segmentation"
              21 00 02 00 74 78 2d 75 64 70 5f 74 6e 6c 2d 63 73 75 6d 2d 73 65 67 6d
              65 6e 74 61 74 69 6f 6e 00 00 00 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            20 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 1c 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 28
              # ETHTOOL_A_BITSET_BIT_NAME "tx-gso-partial"
              13 00 02 00 74 78 2d 67 73 6f 2d 70 61 72 74 69 61 6c 00 00
            30 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 1d 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 29
              # ETHTOOL_A_BITSET_BIT_NAME "tx-tunnel-remcsum-segmentation"
              23 00 02 00 74 78 2d 74 75 6e 6e 65 6c 2d 72 65 6d 63 73 75 6d 2d 73 65
              67 6d 65 6e 74 61 74 69 6f 6e 00 00
            2c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 1e 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 30
              # ETHTOOL_A_BITSET_BIT_NAME "tx-sctp-segmentation"
              19 00 02 00 74 78 2d 73 63 74 70 2d 73 65 67 6d 65 6e 74 61 74 69 6f 6e
              00 00 00 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 1f 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 31
              # ETHTOOL_A_BITSET_BIT_NAME "tx-esp-segmentation"
              18 00 02 00 74 78 2d 65 73 70 2d 73 65 67 6d 65 6e 74 61 74 69 6f 6e 00
            14 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 20 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 32
              05 00 02 00 00 00 00 00                     # ETHTOOL_A_BITSET_BIT_NAME 0
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 21 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 33
              # ETHTOOL_A_BITSET_BIT_NAME "tx-udp-segmentation"
              18 00 02 00 74 78 2d 75 64 70 2d 73 65 67 6d 65 6e 74 61 74 69 6f 6e 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            20 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 22 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 34
              # ETHTOOL_A_BITSET_BIT_NAME "tx-gso-list"
              10 00 02 00 74 78 2d 67 73 6f 2d 6c 69 73 74 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            30 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 23 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 35
              # ETHTOOL_A_BITSET_BIT_NAME "tx-tcp-accecn-segmentation"
              1f 00 02 00 74 78 2d 74 63 70 2d 61 63 63 65 63 6e 2d 73 65 67 6d 65 6e
              74 61 74 69 6f 6e 00 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 24 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 36
              # ETHTOOL_A_BITSET_BIT_NAME "tx-checksum-fcoe-crc"
              19 00 02 00 74 78 2d 63 68 65 63 6b 73 75 6d 2d 66 63 6f 65 2d 63 72 63
              00 00 00 00
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 25 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 37
              # ETHTOOL_A_BITSET_BIT_NAME "tx-checksum-sctp"
              15 00 02 00 74 78 2d 63 68 65 63 6b 73 75 6d 2d 73 63 74 70 00 00 00 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 26 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 38
              # ETHTOOL_A_BITSET_BIT_NAME "rx-ntuple-filter"
              15 00 02 00 72 78 2d 6e 74 75 70 6c 65 2d 66 69 6c 74 65 72 00 00 00 00
            1c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 27 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 39
              # ETHTOOL_A_BITSET_BIT_NAME "rx-hashing"
              0f 00 02 00 72 78 2d 68 61 73 68 69 6e 67 00 00
            20 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 28 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 40
              # ETHTOOL_A_BITSET_BIT_NAME "rx-checksum"
              10 00 02 00 72 78 2d 63 68 65 63 6b 73 75 6d 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 29 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 41
              # ETHTOOL_A_BITSET_BIT_NAME "tx-nocache-copy"
              14 00 02 00 74 78 2d 6e 6f 63 61 63 68 65 2d 63 6f 70 79 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            1c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 2a 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 42
              # ETHTOOL_A_BITSET_BIT_NAME "loopback"
              0d 00 02 00 6c 6f 6f 70 62 61 63 6b 00 00 00 00
            18 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 2b 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 43
              0b 00 02 00 72 78 2d 66 63 73 00 00         # ETHTOOL_A_BITSET_BIT_NAME "rx-fcs"
            18 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 2c 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 44
              0b 00 02 00 72 78 2d 61 6c 6c 00 00         # ETHTOOL_A_BITSET_BIT_NAME "rx-all"
            2c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 2d 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 45
              # ETHTOOL_A_BITSET_BIT_NAME "tx-vlan-stag-hw-insert"
              1b 00 02 00 74 78 2d 76 6c 61 6e 2d 73 74 61 67 2d 68 77 2d 69 6e 73 65
              72 74 00 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            2c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 2e 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 46
              # ETHTOOL_A_BITSET_BIT_NAME "rx-vlan-stag-hw-parse"
              1a 00 02 00 72 78 2d 76 6c 61 6e 2d 73 74 61 67 2d 68 77 2d 70 61 72 73
              65 00 00 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 2f 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 47
              # ETHTOOL_A_BITSET_BIT_NAME "rx-vlan-stag-filter"
              18 00 02 00 72 78 2d 76 6c 61 6e 2d 73 74 61 67 2d 66 69 6c 74 65 72 00
            20 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 30 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 48
              # ETHTOOL_A_BITSET_BIT_NAME "l2-fwd-offload"
              13 00 02 00 6c 32 2d 66 77 64 2d 6f 66 66 6c 6f 61 64 00 00
            20 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 31 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 49
              # ETHTOOL_A_BITSET_BIT_NAME "hw-tc-offload"
              12 00 02 00 68 77 2d 74 63 2d 6f 66 66 6c 6f 61 64 00 00 00
            20 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 32 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 50
              # ETHTOOL_A_BITSET_BIT_NAME "esp-hw-offload"
              13 00 02 00 65 73 70 2d 68 77 2d 6f 66 66 6c 6f 61 64 00 00
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 33 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 51
              # ETHTOOL_A_BITSET_BIT_NAME "esp-tx-csum-hw-offload"
              1b 00 02 00 65 73 70 2d 74 78 2d 63 73 75 6d 2d 68 77 2d 6f 66 66 6c 6f
              61 64 00 00
            2c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 34 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 52
              # ETHTOOL_A_BITSET_BIT_NAME "rx-udp_tunnel-port-offload"
              1f 00 02 00 72 78 2d 75 64 70 5f 74 75 6e 6e 65 6c 2d 70 6f 72 74 2d 6f
              66 66 6c 6f 61 64 00 00
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 35 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 53
              # ETHTOOL_A_BITSET_BIT_NAME "tls-hw-tx-offload"
              16 00 02 00 74 6c 73 2d 68 77 2d 74 78 2d 6f 66 66 6c 6f 61 64 00 00 00
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 36 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 54
              # ETHTOOL_A_BITSET_BIT_NAME "tls-hw-rx-offload"
              16 00 02 00 74 6c 73 2d 68 77 2d 72 78 2d 6f 66 66 6c 6f 61 64 00 00 00
            1c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 37 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 55
              # ETHTOOL_A_BITSET_BIT_NAME "rx-gro-hw"
              0e 00 02 00 72 78 2d 67 72 6f 2d 68 77 00 00 00
            20 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 38 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 56
              # ETHTOOL_A_BITSET_BIT_NAME "tls-hw-record"
              12 00 02 00 74 6c 73 2d 68 77 2d 72 65 63 6f 72 64 00 00 00
            20 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 39 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 57
              # ETHTOOL_A_BITSET_BIT_NAME "rx-gro-list"
              10 00 02 00 72 78 2d 67 72 6f 2d 6c 69 73 74 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 3a 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 58
              # ETHTOOL_A_BITSET_BIT_NAME "macsec-hw-offload"
              16 00 02 00 6d 61 63 73 65 63 2d 68 77 2d 6f 66 66 6c 6f 61 64 00 00 00
            2c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 3b 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 59
              # ETHTOOL_A_BITSET_BIT_NAME "rx-udp-gro-forwarding"
              1a 00 02 00 72 78 2d 75 64 70 2d 67 72 6f 2d 66 6f 72 77 61 72 64 69 6e
              67 00 00 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 3c 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 60
              # ETHTOOL_A_BITSET_BIT_NAME "hsr-tag-ins-offload"
              18 00 02 00 68 73 72 2d 74 61 67 2d 69 6e 73 2d 6f 66 66 6c 6f 61 64 00
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 3d 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 61
              # ETHTOOL_A_BITSET_BIT_NAME "hsr-tag-rm-offload"
              17 00 02 00 68 73 72 2d 74 61 67 2d 72 6d 2d 6f 66 66 6c 6f 61 64 00 00
            20 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 3e 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 62
              # ETHTOOL_A_BITSET_BIT_NAME "hsr-fwd-offload"
              14 00 02 00 68 73 72 2d 66 77 64 2d 6f 66 66 6c 6f 61 64 00
            20 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 3f 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 63
              # ETHTOOL_A_BITSET_BIT_NAME "hsr-dup-offload"
              14 00 02 00 68 73 72 2d 64 75 70 2d 6f 66 66 6c 6f 61 64 00
        b8 02 03 80                                       # ETHTOOL_A_FEATURES_WANTED
          04 00 01 00                                     # ETHTOOL_A_BITSET_NOMASK
          08 00 02 00 40 00 00 00                         # ETHTOOL_A_BITSET_SIZE 64
          a8 02 03 80                                     # ETHTOOL_A_BITSET_BITS
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 00 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 0
              # ETHTOOL_A_BITSET_BIT_NAME "tx-scatter-gather"
              16 00 02 00 74 78 2d 73 63 61 74 74 65 72 2d 67 61 74 68 65 72 00 00 00
            18 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 05 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 5
              0c 00 02 00 68 69 67 68 64 6d 61 00         # ETHTOOL_A_BITSET_BIT_NAME "highdma"
            2c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 06 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 6
              # ETHTOOL_A_BITSET_BIT_NAME "tx-scatter-gather-fraglist"
              1f 00 02 00 74 78 2d 73 63 61 74 74 65 72 2d 67 61 74 68 65 72 2d 66 72
              61 67 6c 69 73 74 00 00
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 07 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 7
              # ETHTOOL_A_BITSET_BIT_NAME "tx-vlan-hw-insert"
              16 00 02 00 74 78 2d 76 6c 61 6e 2d 68 77 2d 69 6e 73 65 72 74 00 00 00
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 08 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 8
              # ETHTOOL_A_BITSET_BIT_NAME "rx-vlan-hw-parse"
              15 00 02 00 72 78 2d 76 6c 61 6e 2d 68 77 2d 70 61 72 73 65 00 00 00 00
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 0b 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 11
              # ETHTOOL_A_BITSET_BIT_NAME "tx-generic-segmentation"
              1c 00 02 00 74 78 2d 67 65 6e 65 72 69 63 2d 73 65 67 6d 65 6e 74 61 74
              69 6f 6e 00
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 16 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 22
              # ETHTOOL_A_BITSET_BIT_NAME "tx-gre-segmentation"
              18 00 02 00 74 78 2d 67 72 65 2d 73 65 67 6d 65 6e 74 61 74 69 6f 6e 00
            2c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 17 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 23
              # ETHTOOL_A_BITSET_BIT_NAME "tx-gre-csum-segmentation"
              1d 00 02 00 74 78 2d 67 72 65 2d 63 73 75 6d 2d 73 65 67 6d 65 6e 74 61
              74 69 6f 6e 00 00 00 00
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 18 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 24
              # ETHTOOL_A_BITSET_BIT_NAME "tx-ipxip4-segmentation"
              1b 00 02 00 74 78 2d 69 70 78 69 70 34 2d 73 65 67 6d 65 6e 74 61 74 69
              6f 6e 00 00
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 19 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 25
              # ETHTOOL_A_BITSET_BIT_NAME "tx-ipxip6-segmentation"
              1b 00 02 00 74 78 2d 69 70 78 69 70 36 2d 73 65 67 6d 65 6e 74 61 74 69
              6f 6e 00 00
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 1a 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 26
              # ETHTOOL_A_BITSET_BIT_NAME "tx-udp_tnl-segmentation"
              1c 00 02 00 74 78 2d 75 64 70 5f 74 6e 6c 2d 73 65 67 6d 65 6e 74 61 74
              69 6f 6e 00
            30 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 1b 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 27
              # ETHTOOL_A_BITSET_BIT_NAME "tx-udp_tnl-csum-segmentation"
              21 00 02 00 74 78 2d 75 64 70 5f 74 6e 6c 2d 63 73 75 6d 2d 73 65 67 6d
              65 6e 74 61 74 69 6f 6e 00 00 00 00
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 1e 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 30
              # ETHTOOL_A_BITSET_BIT_NAME "tx-sctp-segmentation"
              19 00 02 00 74 78 2d 73 63 74 70 2d 73 65 67 6d 65 6e 74 61 74 69 6f 6e
              00 00 00 00
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 21 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 33
              # ETHTOOL_A_BITSET_BIT_NAME "tx-udp-segmentation"
              18 00 02 00 74 78 2d 75 64 70 2d 73 65 67 6d 65 6e 74 61 74 69 6f 6e 00
            1c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 22 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 34
              # ETHTOOL_A_BITSET_BIT_NAME "tx-gso-list"
              10 00 02 00 74 78 2d 67 73 6f 2d 6c 69 73 74 00
            1c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 28 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 40
              # ETHTOOL_A_BITSET_BIT_NAME "rx-checksum"
              10 00 02 00 72 78 2d 63 68 65 63 6b 73 75 6d 00
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 2d 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 45
              # ETHTOOL_A_BITSET_BIT_NAME "tx-vlan-stag-hw-insert"
              1b 00 02 00 74 78 2d 76 6c 61 6e 2d 73 74 61 67 2d 68 77 2d 69 6e 73 65
              72 74 00 00
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 2e 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 46
              # ETHTOOL_A_BITSET_BIT_NAME "rx-vlan-stag-hw-parse"
              1a 00 02 00 72 78 2d 76 6c 61 6e 2d 73 74 61 67 2d 68 77 2d 70 61 72 73
              65 00 00 00
        94 02 04 80                                       # ETHTOOL_A_FEATURES_ACTIVE
          04 00 01 00                                     # ETHTOOL_A_BITSET_NOMASK
          08 00 02 00 40 00 00 00                         # ETHTOOL_A_BITSET_SIZE 64
          84 02 03 80                                     # ETHTOOL_A_BITSET_BITS
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 00 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 0
              # ETHTOOL_A_BITSET_BIT_NAME "tx-scatter-gather"
              16 00 02 00 74 78 2d 73 63 61 74 74 65 72 2d 67 61 74 68 65 72 00 00 00
            18 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 05 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 5
              0c 00 02 00 68 69 67 68 64 6d 61 00         # ETHTOOL_A_BITSET_BIT_NAME "highdma"
            2c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 06 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 6
              # ETHTOOL_A_BITSET_BIT_NAME "tx-scatter-gather-fraglist"
              1f 00 02 00 74 78 2d 73 63 61 74 74 65 72 2d 67 61 74 68 65 72 2d 66 72
              61 67 6c 69 73 74 00 00
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 07 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 7
              # ETHTOOL_A_BITSET_BIT_NAME "tx-vlan-hw-insert"
              16 00 02 00 74 78 2d 76 6c 61 6e 2d 68 77 2d 69 6e 73 65 72 74 00 00 00
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 08 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 8
              # ETHTOOL_A_BITSET_BIT_NAME "rx-vlan-hw-parse"
              15 00 02 00 72 78 2d 76 6c 61 6e 2d 68 77 2d 70 61 72 73 65 00 00 00 00
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 0b 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 11
              # ETHTOOL_A_BITSET_BIT_NAME "tx-generic-segmentation"
              1c 00 02 00 74 78 2d 67 65 6e 65 72 69 63 2d 73 65 67 6d 65 6e 74 61 74
              69 6f 6e 00
            24 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 16 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 22
              # ETHTOOL_A_BITSET_BIT_NAME "tx-gre-segmentation"
              18 00 02 00 74 78 2d 67 72 65 2d 73 65 67 6d 65 6e 74 61 74 69 6f 6e 00
            2c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 17 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 23
              # ETHTOOL_A_BITSET_BIT_NAME "tx-gre-csum-segmentation"
              1d 00 02 00 74 78 2d 67 72 65 2d 63 73 75 6d 2d 73 65 67 6d 65 6e 74 61
              74 69 6f 6e 00 00 00 00
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 18 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 24
              # ETHTOOL_A_BITSET_BIT_NAME "tx-ipxip4-segmentation"
              1b 00 02 00 74 78 2d 69 70 78 69 70 34 2d 73 65 67 6d 65 6e 74 61 74 69
              6f 6e 00 00
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 19 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 25
              # ETHTOOL_A_BITSET_BIT_NAME "tx-ipxip6-segmentation"
              1b 00 02 00 74 78 2d 69 70 78 69 70 36 2d 73 65 67 6d 65 6e 74 61 74 69
              6f 6e 00 00
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 1a 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 26
              # ETHTOOL_A_BITSET_BIT_NAME "tx-udp_tnl-segmentation"
              1c 00 02 00 74 78 2d 75 64 70 5f 74 6e 6c 2d 73 65 67 6d 65 6e 74 61 74
              69 6f 6e 00
            30 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 1b 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 27
              # ETHTOOL_A_BITSET_BIT_NAME "tx-udp_tnl-csum-segmentation"
              21 00 02 00 74 78 2d 75 64 70 5f 74 6e 6c 2d 63 73 75 6d 2d 73 65 67 6d
              65 6e 74 61 74 69 6f 6e 00 00 00 00
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 1e 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 30
              # ETHTOOL_A_BITSET_BIT_NAME "tx-sctp-segmentation"
              19 00 02 00 74 78 2d 73 63 74 70 2d 73 65 67 6d 65 6e 74 61 74 69 6f 6e
              00 00 00 00
            1c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 22 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 34
              # ETHTOOL_A_BITSET_BIT_NAME "tx-gso-list"
              10 00 02 00 74 78 2d 67 73 6f 2d 6c 69 73 74 00
            1c 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 28 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 40
              # ETHTOOL_A_BITSET_BIT_NAME "rx-checksum"
              10 00 02 00 72 78 2d 63 68 65 63 6b 73 75 6d 00
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 2d 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 45
              # ETHTOOL_A_BITSET_BIT_NAME "tx-vlan-stag-hw-insert"
              1b 00 02 00 74 78 2d 76 6c 61 6e 2d 73 74 61 67 2d 68 77 2d 69 6e 73 65
              72 74 00 00
            28 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 2e 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 46
              # ETHTOOL_A_BITSET_BIT_NAME "rx-vlan-stag-hw-parse"
              1a 00 02 00 72 78 2d 76 6c 61 6e 2d 73 74 61 67 2d 68 77 2d 70 61 72 73
              65 00 00 00
        34 00 05 80                                       # ETHTOOL_A_FEATURES_NOCHANGE
          04 00 01 00                                     # ETHTOOL_A_BITSET_NOMASK
          08 00 02 00 40 00 00 00                         # ETHTOOL_A_BITSET_SIZE 64
          24 00 03 80                                     # ETHTOOL_A_BITSET_BITS
            20 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              08 00 01 00 0a 00 00 00                     # ETHTOOL_A_BITSET_BIT_INDEX 10
              # ETHTOOL_A_BITSET_BIT_NAME "vlan-challenged"
              14 00 02 00 76 6c 61 6e 2d 63 68 61 6c 6c 65 6e 67 65 64 00
        """)

    /// The acknowledgement of `ethtool -K vnet0 tx-checksum-ip-generic off tx-tcp-segmentation on`
    static let set = hex(
        """
        24 00 00 00                                       # length 36
        02 00 00 01                                       # NLMSG_ERROR, CAPPED
        01 00 00 00 86 1f 00 00                           # sequence 1, port id
        00 00 00 00                                       # code 0
          # the request as far as its header
          70 00 00 00 15 00 05 00 01 00 00 00 00 00 00 00
        """)
}
