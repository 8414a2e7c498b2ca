// Whatever follows a # on a line is a comment.

/// The requests to ethtool's family as this program sends them, with sequence number 1, and the equal command.
enum GoldenEthtoolRequests {
    /// The first request of every `ethtool`
    static let ethtoolFamily = hex(
        """
        20 00 00 00                                       # length 32
        10 00 05 00                                       # GENL_ID_CTRL, REQUEST | ACK
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        03 01 00 00                                       # struct genlmsghdr: command 3, version 1
        0c 00 02 00 65 74 68 74 6f 6f 6c 00               # CTRL_ATTR_FAMILY_NAME "ethtool"
        """)

    /// `ethtool -k vnet0`
    static let features = hex(
        """
        20 00 00 00                                       # length 32
        15 00 05 00                                       # family 21, REQUEST | ACK
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        0b 01 00 00                                       # struct genlmsghdr: command 11, version 1
        0c 00 01 80                                       # ETHTOOL_A_FEATURES_HEADER
          08 00 01 00 04 00 00 00                         # ETHTOOL_A_HEADER_DEV_INDEX 4
        """)

    /// `ethtool -K vnet0 tx-checksum-ip-generic off tx-tcp-segmentation on`
    static let setFeatures = hex(
        """
        70 00 00 00                                       # length 112
        15 00 05 00                                       # family 21, REQUEST | ACK
        01 00 00 00 00 00 00 00                           # sequence 1, port id
        0c 01 00 00                                       # struct genlmsghdr: command 12, version 1
        14 00 01 80                                       # ETHTOOL_A_FEATURES_HEADER
          08 00 01 00 04 00 00 00                         # ETHTOOL_A_HEADER_DEV_INDEX 4
          08 00 03 00 02 00 00 00                         # ETHTOOL_A_HEADER_FLAGS 2
        48 00 03 80                                       # ETHTOOL_A_FEATURES_WANTED
          44 00 03 80                                     # ETHTOOL_A_BITSET_BITS
            20 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              # ETHTOOL_A_BITSET_BIT_NAME "tx-checksum-ip-generic"
              1b 00 02 00 74 78 2d 63 68 65 63 6b 73 75 6d 2d 69 70 2d 67 65 6e 65 72
              69 63 00 00
            20 00 01 80                                   # ETHTOOL_A_BITSET_BITS_BIT
              # ETHTOOL_A_BITSET_BIT_NAME "tx-tcp-segmentation"
              18 00 02 00 74 78 2d 74 63 70 2d 73 65 67 6d 65 6e 74 61 74 69 6f 6e 00
              04 00 03 00                                 # ETHTOOL_A_BITSET_BIT_VALUE
        """)
}
