/// Produces pcapng, little-endian, for callers to write where they like: one section with its interfaces, packets with
/// nanoseconds, statistics (draft-ietf-opsawg-pcapng).
public struct PcapngWriter: Hashable, Sendable {
    /// An interface to describe.
    public struct Interface: Hashable, Sendable {
        /// The interface's name (`if_name`).
        public var name: String?
        /// What it is, in words (`if_description`).
        public var description: String?
        /// The filter that chose its packets (`if_filter`).
        public var filter: String?
        /// The operating system of the machine that has it (`if_os`).
        public var system: String?
        /// What its packets begin with.
        public var linkType: LinkType
        /// The most bytes that are kept of a packet; 0 for no limit.
        public var snaplen: UInt32

        /// An interface; what is nil isn't written.
        public init(
            name: String? = nil, description: String? = nil, filter: String? = nil, system: String? = nil,
            linkType: LinkType = .ethernet, snaplen: UInt32 = 262_144
        ) {
            self.name = name
            self.description = description
            self.filter = filter
            self.system = system
            self.linkType = linkType
            self.snaplen = snaplen
        }
    }

    /// The machine (`shb_hardware`), its system (`shb_os`) and the program that writes (`shb_userappl`).
    public struct Origin: Hashable, Sendable {
        /// The machine.
        public var hardware: String?
        /// The operating system.
        public var system: String?
        /// The program.
        public var application: String?

        /// What is nil isn't written.
        public init(hardware: String? = nil, system: String? = nil, application: String? = nil) {
            self.hardware = hardware
            self.system = system
            self.application = application
        }
    }

    /// Who writes.
    public let origin: Origin
    /// The interfaces, in the order of their numbers.
    public let interfaces: [Interface]

    /// Bytes of a statistics block with everything in it.
    public static let mostStatisticsLength = 24 + 7 * 12 + 4

    /// A writer for packets of some interfaces.
    public init(origin: Origin = Origin(), interfaces: [Interface]) {
        self.origin = origin
        self.interfaces = interfaces
    }

    /// What the file begins with: the section header and the interfaces.
    public var header: [UInt8] {
        var body: [UInt8] = []
        body.append(little: PcapngFormat.byteOrderMagic)
        body.append(little: UInt32(1))  // version 1.0, two 16-bit fields
        body.append(little: UInt64.max)  // the section's length, not known
        body.append(option: PcapngOption.hardware, origin.hardware)
        body.append(option: PcapngOption.operatingSystem, origin.system)
        body.append(option: PcapngOption.application, origin.application)
        var bytes = Self.block(PcapngBlockType.sectionHeader, body, hasOptions: body.count > 16)
        for interface in interfaces { bytes += Self.description(of: interface) }
        return bytes
    }

    /// Appends a packet to what is to be written.
    /// - Parameters:
    ///   - packet: as captured; it is cut to its interface's snaplen.
    ///   - timestamp: nanoseconds since 1970.
    ///   - originalLength: bytes that it had on the wire; nil if that is all of `packet`.
    ///   - interface: one of ``interfaces``, by its number.
    public func append(
        _ packet: some Collection<UInt8>, timestamp: Int64, originalLength: UInt32? = nil, interface: UInt32 = 0,
        flags: PacketFlags = [], to bytes: inout [UInt8]
    ) {
        let snaplen = interfaces.indices.contains(Int(interface)) ? interfaces[Int(interface)].snaplen : 0
        let kept = packet.prefix(snaplen == 0 ? .max : Int(snaplen))
        let framing = CaptureFormat.pcapng.framing(
            captured: kept.count, originalLength: originalLength ?? UInt32(clamping: packet.count),
            timestamp: timestamp, interface: interface, flags: flags)
        framing.append(kept, to: &bytes)
    }

    /// A statistics block.
    public static func statistics(_ statistics: CaptureStatistics) -> [UInt8] {
        var body: [UInt8] = []
        body.append(little: statistics.interface)
        body.append(time: statistics.time)
        for (code, path) in CaptureStatistics.times {
            guard let time = statistics[keyPath: path] else { continue }
            body.append(little: UInt32(code) | 8 << 16)
            body.append(time: time)
        }
        for (code, path) in CaptureStatistics.counters {
            guard let count = statistics[keyPath: path] else { continue }
            body.append(little: UInt32(code) | 8 << 16)
            body.append(little: count)
        }
        return block(PcapngBlockType.interfaceStatistics, body, hasOptions: body.count > 12)
    }

    private static func description(of interface: Interface) -> [UInt8] {
        var body: [UInt8] = []
        body.append(little: UInt32(interface.linkType.rawValue))
        body.append(little: interface.snaplen)
        body.append(option: PcapngOption.interfaceName, interface.name)
        body.append(option: PcapngOption.interfaceDescription, interface.description)
        body.append(option: PcapngOption.timestampResolution, [9])
        // The first byte says what the filter is: 0, an expression as libpcap's.
        body.append(option: PcapngOption.interfaceFilter, interface.filter.map { [0] + $0.utf8 })
        body.append(option: PcapngOption.interfaceSystem, interface.system)
        return block(PcapngBlockType.interfaceDescription, body, hasOptions: true)
    }

    private static func block(_ type: UInt32, _ body: [UInt8], hasOptions: Bool) -> [UInt8] {
        let length = UInt32(body.count + 12 + (hasOptions ? 4 : 0))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(length))
        bytes.append(little: type)
        bytes.append(little: length)
        bytes += body
        if hasOptions { bytes.append(little: UInt32(PcapngOption.endOfOptions)) }
        bytes.append(little: length)
        return bytes
    }
}

extension PacketFraming {
    /// Appends a whole record to bytes that may grow.
    func append(_ packet: some Collection<UInt8>, to bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + headLength + packet.count + tailLength)
        for index in 0..<(headLength / 4) { bytes.append(little: UInt32(littleEndian: head[index])) }
        bytes.append(contentsOf: packet)
        bytes.append(contentsOf: repeatElement(0, count: min(tailLength, 4 - tailOffset)))
        for index in 1..<max(1, (tailOffset + tailLength) / 4) {
            bytes.append(little: UInt32(littleEndian: tail[index]))
        }
    }
}

extension [UInt8] {
    /// Appends a number, the least significant byte first.
    mutating func append<Number: FixedWidthInteger>(little number: Number) {
        for shift in stride(from: 0, to: Number.bitWidth, by: 8) { append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    /// Appends nanoseconds since 1970 as pcapng has them: the high word first.
    fileprivate mutating func append(time: Int64) {
        let units = UInt64(Swift.max(0, time))
        append(little: UInt32(truncatingIfNeeded: units >> 32))
        append(little: UInt32(truncatingIfNeeded: units))
    }

    /// Appends an option and what fills it up to a multiple of four, unless there is none. At most 65535 bytes are taken.
    fileprivate mutating func append(option code: UInt16, _ value: [UInt8]?) {
        guard let value = value?.prefix(65535), !value.isEmpty else { return }
        append(little: code)
        append(little: UInt16(value.count))
        append(contentsOf: value)
        append(contentsOf: repeatElement(0, count: (4 - value.count % 4) % 4))
    }

    fileprivate mutating func append(option code: UInt16, _ value: String?) {
        append(option: code, value.map { Array($0.utf8) })
    }
}
