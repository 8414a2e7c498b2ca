import Testing

/// Hand-made files, each of a feature or two.
struct Fixture: CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    var testDescription: String { name }

    static let all = pcap + pcapng

    static let pcap = [
        Fixture(
            name: "pcap, little-endian, microseconds, two packets",
            bytes: hex(
                """
                d4 c3 b2 a1  02 00 04 00  # magic, version 2.4
                00 00 00 00  00 00 00 00  # time zone, accuracy
                00 00 04 00               # snaplen 262144
                01 00 00 24               # Ethernet; 2 words of frame check sequence in the highest bits
                00 f1 53 65  40 e2 01 00  # 1700000000.123456
                04 00 00 00  3c 00 00 00  # 4 of 60 bytes
                de ad be ef
                01 f1 53 65  00 00 00 00  # 1700000001.000000
                00 00 00 00  00 00 00 00  # nothing of nothing
                """)),
        Fixture(
            name: "pcap, big-endian, nanoseconds",
            bytes: hex(
                """
                a1 b2 3c 4d  00 02 00 04  # magic, version 2.4
                00 00 00 00  00 00 00 00  # time zone, accuracy
                00 00 00 60               # snaplen 96
                00 00 00 71               # Linux cooked
                65 53 f1 00  07 5b cd 15  # 1700000000.123456789
                00 00 00 03  00 00 05 dc  # 3 of 1500 bytes
                01 02 03
                """)),
    ]

    static let pcapng = [
        Fixture(
            name: "pcapng, little-endian, with each kind of packet block",
            bytes: hex(
                """
                0a 0d 0d 0a  1c 00 00 00  # section header, 28 bytes
                4d 3c 2b 1a  01 00 00 00  # byte order, version 1.0
                ff ff ff ff  ff ff ff ff  # section length unknown
                1c 00 00 00
                01 00 00 00  14 00 00 00  # interface 0, 20 bytes
                01 00 00 00  02 00 00 00  # Ethernet, snaplen 2
                14 00 00 00
                01 00 00 00  34 00 00 00  # interface 1, 52 bytes
                65 00 00 00  00 00 00 00  # raw IP, no snaplen
                02 00 03 00  65 74 68 00  # if_name "eth"
                09 00 01 00  09 00 00 00  # if_tsresol 10^-9
                0e 00 08 00  64 00 00 00  # if_tsoffset 100 s
                00 00 00 00
                00 00 00 00               # end of options
                34 00 00 00
                05 00 00 00  18 00 00 00  # interface statistics, skipped
                00 00 00 00  00 00 00 00
                00 00 00 00  18 00 00 00
                06 00 00 00  2c 00 00 00  # enhanced packet, 44 bytes
                00 00 00 00               # interface 0
                24 0a 06 00  40 22 20 18  # 1700000000.123456
                02 00 00 00  3c 00 00 00  # 2 of 60 bytes
                aa bb 00 00
                02 00 04 00  01 00 00 00  # epb_flags: inbound; no end of options
                2c 00 00 00
                06 00 00 00  38 00 00 00  # enhanced packet, 56 bytes
                01 00 00 00               # interface 1
                00 00 00 00  07 00 00 00  # 7 ns
                04 00 00 00  04 00 00 00  # 4 of 4 bytes
                01 02 03 04
                01 00 01 00  78 00 00 00  # opt_comment "x"
                02 00 04 00  02 00 00 00  # epb_flags: outbound
                00 00 00 00               # end of options
                38 00 00 00
                03 00 00 00  14 00 00 00  # simple packet, 20 bytes
                05 00 00 00               # 5 bytes long, 2 captured by interface 0's snaplen
                cc dd 00 00
                14 00 00 00
                02 00 00 00  24 00 00 00  # obsolete packet, 36 bytes
                01 00 ff ff               # interface 1, drops unknown
                00 00 00 00  08 00 00 00  # 8 ns
                01 00 00 00  01 00 00 00  # 1 of 1 byte
                ee 00 00 00
                24 00 00 00
                """)),
        Fixture(
            name: "pcapng, two sections of different byte orders",
            bytes: hex(
                """
                0a 0d 0d 0a  00 00 00 1c  # section header, big-endian
                1a 2b 3c 4d  00 01 00 00  # byte order, version 1.0
                00 00 00 00  00 00 00 4c  # section length 76
                00 00 00 1c
                00 00 00 01  00 00 00 20  # interface 0, 32 bytes
                00 01 00 00  00 00 00 00  # Ethernet, no snaplen
                00 09 00 01  81 00 00 00  # if_tsresol 2^-1
                00 00 00 00
                00 00 00 20
                00 00 00 06  00 00 00 2c  # enhanced packet, 44 bytes
                00 00 00 00               # interface 0
                00 00 00 00  00 00 00 03  # 3 halves of a second
                00 00 00 01  00 00 00 01  # 1 of 1 byte
                11 00 00 00
                00 02 00 04  00 00 00 02  # epb_flags: outbound
                00 00 00 2c
                0a 0d 0d 0a  1c 00 00 00  # section header, little-endian
                4d 3c 2b 1a  01 00 02 00  # byte order, version 1.2
                ff ff ff ff  ff ff ff ff
                1c 00 00 00
                0a 00 00 00  14 00 00 00  # decryption secrets, skipped
                4b 53 4c 54  00 00 00 00  # of TLS, 0 bytes
                14 00 00 00
                01 00 00 00  20 00 00 00  # interface 0 of this section
                71 00 00 00  00 00 00 00  # Linux cooked
                0e 00 08 00  ff ff ff ff  # if_tsoffset -1 s
                ff ff ff ff
                20 00 00 00
                06 00 00 00  24 00 00 00  # enhanced packet, 36 bytes
                00 00 00 00
                00 00 00 00  00 00 00 00  # 0 us
                01 00 00 00  01 00 00 00
                22 00 00 00
                24 00 00 00
                """)),
    ]
}
