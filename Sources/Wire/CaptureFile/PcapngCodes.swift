/// Block types of pcapng (draft-ietf-opsawg-pcapng, section 10.1).
enum PcapngBlockType {
    static let sectionHeader: UInt32 = 0x0a0d_0d0a
    static let interfaceDescription: UInt32 = 1
    static let packet: UInt32 = 2
    static let simplePacket: UInt32 = 3
    static let interfaceStatistics: UInt32 = 5
    static let enhancedPacket: UInt32 = 6
}

/// Option codes of pcapng, within the kinds of block that have them.
enum PcapngOption {
    static let endOfOptions: UInt16 = 0
    // Section header blocks.
    static let hardware: UInt16 = 2
    static let operatingSystem: UInt16 = 3
    static let application: UInt16 = 4
    // Interface description blocks.
    static let interfaceName: UInt16 = 2
    static let interfaceDescription: UInt16 = 3
    static let timestampResolution: UInt16 = 9
    static let interfaceFilter: UInt16 = 11
    static let interfaceSystem: UInt16 = 12
    static let timestampOffset: UInt16 = 14
    // Enhanced packet blocks.
    static let packetFlags: UInt16 = 2
}
