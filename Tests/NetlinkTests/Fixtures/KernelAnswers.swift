// Captured on Linux 6.18. Whatever follows a # on a line is a comment.

/// What the kernel answered to requests, byte for byte.
enum KernelAnswers {
    /// `ip link set dev vnet0 up` (NETLINK_CAP_ACK on, as this program has it)
    static let acknowledgement = hex(
        """
        24 00 00 00                                       # length 36
        02 00 00 01                                       # NLMSG_ERROR, CAPPED
        0b 00 00 00 3d 0d 00 00                           # sequence 11, port id
        00 00 00 00                                       # code 0
          # the request as far as its header
          20 00 00 00 10 00 05 00 0b 00 00 00 00 00 00 00
        """)

    /// `ip link show dev nosuch`: an error without words
    static let noDevice = hex(
        """
        24 00 00 00                                       # length 36
        02 00 00 01                                       # NLMSG_ERROR, CAPPED
        0c 00 00 00 3d 0d 00 00                           # sequence 12, port id
        ed ff ff ff                                       # code -19
          # the request as far as its header
          2c 00 00 00 12 00 05 00 0c 00 00 00 00 00 00 00
        """)

    /// `tc qdisc add dev vnet1 clsact` over a plain ingress qdisc
    static let exclusiveCapped = hex(
        """
        4c 00 00 00                                       # length 76
        02 00 00 03                                       # NLMSG_ERROR, CAPPED | ACK_TLVS
        09 00 00 00 3d 0d 00 00                           # sequence 9, port id
        ef ff ff ff                                       # code -17
          # the request as far as its header
          30 00 00 00 24 00 05 06 09 00 00 00 00 00 00 00
        # NLMSGERR_ATTR_MSG "Exclusivity flag on, cannot modify"
        27 00 01 00 45 78 63 6c 75 73 69 76 69 74 79 20 66 6c 61 67 20 6f 6e 2c
        20 63 61 6e 6e 6f 74 20 6d 6f 64 69 66 79 00 00
        """)

    /// The same without NETLINK_CAP_ACK: the whole request comes before the words.
    static let exclusiveUncapped = hex(
        """
        6c 00 00 00                                       # length 108
        02 00 00 02                                       # NLMSG_ERROR, ACK_TLVS
        09 00 00 00 ee c4 4a c3                           # sequence 9, port id
        ef ff ff ff                                       # code -17
          # the request
          30 00 00 00 24 00 05 06 09 00 00 00 00 00 00 00 00 00 00 00 05 00 00 00
          00 00 ff ff f1 ff ff ff 00 00 00 00 0b 00 01 00 63 6c 73 61 63 74 00 00
        # NLMSGERR_ATTR_MSG "Exclusivity flag on, cannot modify"
        27 00 01 00 45 78 63 6c 75 73 69 76 69 74 79 20 66 6c 61 67 20 6f 6e 2c
        20 63 61 6e 6e 6f 74 20 6d 6f 64 69 66 79 00 00
        """)

    /// A link change whose IFLA_MTU has two bytes: words, offset and policy
    static let offsetUncapped = hex(
        """
        90 00 00 00                                       # length 144
        02 00 00 02                                       # NLMSG_ERROR, ACK_TLVS
        0a 00 00 00 ee c4 4a c3                           # sequence 10, port id
        de ff ff ff                                       # code -34
          # the request
          28 00 00 00 10 00 05 00 0a 00 00 00 00 00 00 00 00 00 00 00 04 00 00 00
          00 00 00 00 00 00 00 00 06 00 04 00 05 05 00 00
        # NLMSGERR_ATTR_MSG "Attribute failed policy validation"
        27 00 01 00 41 74 74 72 69 62 75 74 65 20 66 61 69 6c 65 64 20 70 6f 6c
        69 63 79 20 76 61 6c 69 64 61 74 69 6f 6e 00 00
        08 00 02 00 20 00 00 00                           # NLMSGERR_ATTR_OFFS 32
        # NLMSGERR_ATTR_POLICY
        24 00 04 80 0c 00 04 00 00 00 00 00 00 00 00 00 0c 00 05 00 ff ff ff ff
        00 00 00 00 08 00 01 00 04 00 00 00
        """)

    /// The same with NETLINK_CAP_ACK.
    static let offsetCapped = hex(
        """
        78 00 00 00                                       # length 120
        02 00 00 03                                       # NLMSG_ERROR, CAPPED | ACK_TLVS
        0a 00 00 00 3d 0d 00 00                           # sequence 10, port id
        de ff ff ff                                       # code -34
          # the request as far as its header
          28 00 00 00 10 00 05 00 0a 00 00 00 00 00 00 00
        # NLMSGERR_ATTR_MSG "Attribute failed policy validation"
        27 00 01 00 41 74 74 72 69 62 75 74 65 20 66 61 69 6c 65 64 20 70 6f 6c
        69 63 79 20 76 61 6c 69 64 61 74 69 6f 6e 00 00
        08 00 02 00 20 00 00 00                           # NLMSGERR_ATTR_OFFS 32
        # NLMSGERR_ATTR_POLICY
        24 00 04 80 0c 00 04 00 00 00 00 00 00 00 00 00 0c 00 05 00 ff ff ff ff
        00 00 00 00 08 00 01 00 04 00 00 00
        """)

    /// `netdev` family, NETDEV_CMD_DEV_GET without NETDEV_A_DEV_IFINDEX: the missing attribute, no words
    static let missingAttribute = hex(
        """
        2c 00 00 00                                       # length 44
        02 00 00 03                                       # NLMSG_ERROR, CAPPED | ACK_TLVS
        11 00 00 00 3d 0d 00 00                           # sequence 17, port id
        ea ff ff ff                                       # code -22
          # the request as far as its header
          14 00 00 00 14 00 05 00 11 00 00 00 00 00 00 00
        08 00 05 00 01 00 00 00                           # NLMSGERR_ATTR_MISS_TYPE 1
        """)

    /// `tc class change dev vnet0 parent 1: classid 1:10 htb rate 10gbit`: done, with words
    static let warning = hex(
        """
        68 00 00 00                                       # length 104
        02 00 00 03                                       # NLMSG_ERROR, CAPPED | ACK_TLVS
        cc 49 04 6b 9a 0d 00 00                           # sequence 1795443148, port id
        00 00 00 00                                       # code 0
          # the request as far as its header
          68 08 00 00 28 00 05 00 cc 49 04 6b 00 00 00 00
        # NLMSGERR_ATTR_MSG "sch_htb: quantum of class 10010 is big. Consider r2q change."
        41 00 01 00 73 63 68 5f 68 74 62 3a 20 71 75 61 6e 74 75 6d 20 6f 66 20
        63 6c 61 73 73 20 31 30 30 31 30 20 69 73 20 62 69 67 2e 20 43 6f 6e 73
        69 64 65 72 20 72 32 71 20 63 68 61 6e 67 65 2e 00 00 00 00
        """)

    /// A dump of the links of network namespace id 99, which there isn't: the code and the words are in NLMSG_DONE.
    static let doneWithError = hex(
        """
        3c 00 00 00                                       # length 60
        03 00 02 02                                       # NLMSG_DONE, MULTI | ACK_TLVS
        0d 00 00 00 3d 0d 00 00                           # sequence 13, port id
        ea ff ff ff                                       # code -22
        # NLMSGERR_ATTR_MSG "Invalid target network namespace id"
        28 00 01 00 49 6e 76 61 6c 69 64 20 74 61 72 67 65 74 20 6e 65 74 77 6f
        72 6b 20 6e 61 6d 65 73 70 61 63 65 20 69 64 00
        """)

    /// `tc chain show dev vnet0 ingress`
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

    /// … and its end, a datagram of its own
    static let chainsDone = hex(
        """
        14 00 00 00                                       # length 20
        03 00 02 00                                       # NLMSG_DONE, MULTI
        0b 00 00 00 76 13 00 00                           # sequence 11, port id
        00 00 00 00                                       # code 0
        """)
}
