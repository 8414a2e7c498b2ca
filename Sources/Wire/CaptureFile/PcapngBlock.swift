/// The body of one pcapng block (draft-ietf-opsawg-pcapng, section 4).
struct PcapngBlock {
    /// Without the type, and without the length before and after.
    private let body: ArraySlice<UInt8>
    /// Where the body is in the file.
    private let offset: UInt64
    private let order: ByteOrder

    /// A block of all its bytes, at least 12, and where it begins in the file.
    init(_ block: ArraySlice<UInt8>, at offset: UInt64, _ order: ByteOrder) {
        body = block.dropFirst(8).dropLast(4)
        self.offset = offset + 8
        self.order = order
    }

    /// `byte order magic u32, major u16, minor u16, section length i64`, options. The section length is not needed.
    func checkSectionHeader() throws(CaptureFileError) {
        var fields = Fields(body, order)
        guard fields.uint32() != nil, let major = fields.uint16(), let minor = fields.uint16(),
            fields.uint64() != nil
        else { throw tooShort("a section header of at least 16 bytes") }
        // 1.2 was written by mistake and means the same (section 4.1).
        guard major == 1, minor == 0 || minor == 2 else {
            throw error(.unsupportedVersion, at: 4, expected: "pcapng version 1.0", found: "\(major).\(minor)")
        }
    }

    /// `link type u16, reserved u16, snaplen u32`, options.
    func interfaceDescription(_ limits: CaptureLimits) throws(CaptureFileError) -> CaptureInterface {
        var fields = Fields(body, order)
        guard let linkType = fields.uint16(), fields.uint16() != nil, let snaplen = fields.uint32() else {
            throw tooShort("an interface description of at least 8 bytes")
        }
        let options = try options(fields, limits)
        var interface = CaptureInterface(
            linkType: LinkType(rawValue: linkType), snaplen: snaplen, options: options)
        if let value = try value(of: PcapngOption.timestampResolution, length: 1, in: options)?.first {
            guard let resolution = TimestampResolution(option: value) else {
                throw error(
                    .malformed, at: 8, expected: "a timestamp resolution of at most 10^-19 or 2^-63 seconds",
                    found: value & 0x80 != 0 ? "2^-\(value & 0x7f)" : "10^-\(value)")
            }
            interface.resolution = resolution
        }
        if let value = try value(of: PcapngOption.timestampOffset, length: 8, in: options) {
            var number = Fields(value[...], order)
            interface.offset = Int64(bitPattern: number.uint64() ?? 0)
        }
        return interface
    }

    /// `interface u32, time (high) u32, time (low) u32, captured length u32, original length u32`, bytes, options.
    func enhancedPacket(
        _ section: Int, _ interfaces: [CaptureInterface], _ limits: CaptureLimits
    ) throws(CaptureFileError) -> CapturedPacket {
        var fields = Fields(body, order)
        guard let number = fields.uint32() else { throw tooShort("a packet block of at least 20 bytes") }
        return try packet(fields, section, Int(number), interfaces, limits)
    }

    /// `interface u16, drops u16`, then as in an enhanced packet block (appendix A).
    func obsoletePacket(
        _ section: Int, _ interfaces: [CaptureInterface], _ limits: CaptureLimits
    ) throws(CaptureFileError) -> CapturedPacket {
        var fields = Fields(body, order)
        guard let number = fields.uint16(), fields.uint16() != nil else {
            throw tooShort("a packet block of at least 20 bytes")
        }
        return try packet(fields, section, Int(number), interfaces, limits)
    }

    /// `original length u32`, bytes: as many as the first interface captures, or as there are.
    func simplePacket(
        _ section: Int, _ interfaces: [CaptureInterface], _ limits: CaptureLimits
    ) throws(CaptureFileError) -> CapturedPacket {
        var fields = Fields(body, order)
        guard let originalLength = fields.uint32() else {
            throw tooShort("a simple packet block of at least 4 bytes")
        }
        let interface = try interface(0, in: interfaces)
        let length = interface.snaplen == 0 ? originalLength : min(originalLength, interface.snaplen)
        return CapturedPacket(
            timestamp: nil, capturedBytes: try captured(length, &fields, limits, lengthAt: 0),
            originalLength: originalLength, linkType: interface.linkType, section: section)
    }

    /// What both kinds of packet block have after the interface's number.
    private func packet(
        _ start: Fields, _ section: Int, _ number: Int, _ interfaces: [CaptureInterface], _ limits: CaptureLimits
    ) throws(CaptureFileError) -> CapturedPacket {
        var fields = start
        guard let high = fields.uint32(), let low = fields.uint32(), let length = fields.uint32(),
            let originalLength = fields.uint32()
        else { throw tooShort("a packet block of at least 20 bytes") }
        let interface = try interface(number, in: interfaces)
        let bytes = try captured(length, &fields, limits, lengthAt: 12)
        let options = try options(fields, limits)
        var packet = CapturedPacket(
            timestamp: interface.resolution.nanoseconds(
                units: UInt64(high) << 32 | UInt64(low), offset: interface.offset),
            capturedBytes: bytes, originalLength: originalLength, linkType: interface.linkType, section: section,
            interface: number, options: options)
        if let value = try value(of: PcapngOption.packetFlags, length: 4, in: options) {
            var flags = Fields(value[...], order)
            packet.flags = PacketFlags(rawValue: flags.uint32() ?? 0)
        }
        return packet
    }

    /// `interface u32, time (high) u32, time (low) u32`, options.
    func statistics(
        _ interfaces: [CaptureInterface], _ limits: CaptureLimits
    ) throws(CaptureFileError) -> CaptureStatistics {
        var fields = Fields(body, order)
        guard let number = fields.uint32(), let high = fields.uint32(), let low = fields.uint32() else {
            throw tooShort("interface statistics of at least 12 bytes")
        }
        let interface = try interface(Int(number), in: interfaces)
        let options = try options(fields, limits)
        func time(_ high: UInt32, _ low: UInt32) -> Int64? {
            interface.resolution.nanoseconds(units: UInt64(high) << 32 | UInt64(low), offset: interface.offset)
        }
        var statistics = CaptureStatistics(interface: number, time: time(high, low) ?? 0)
        for (code, path) in CaptureStatistics.times {
            guard let value = try value(of: code, length: 8, in: options) else { continue }
            var words = Fields(value[...], order)
            statistics[keyPath: path] = time(words.uint32() ?? 0, words.uint32() ?? 0)
        }
        for (code, path) in CaptureStatistics.counters {
            guard let value = try value(of: code, length: 8, in: options) else { continue }
            var number = Fields(value[...], order)
            statistics[keyPath: path] = number.uint64()
        }
        return statistics
    }

    private func interface(
        _ number: Int, in interfaces: [CaptureInterface]
    ) throws(CaptureFileError) -> CaptureInterface {
        guard interfaces.indices.contains(number) else {
            throw error(
                .malformed, at: 0, expected: "one of the \(interfaces.count) interfaces described before",
                found: "interface \(number)")
        }
        return interfaces[number]
    }

    private func captured(
        _ length: UInt32, _ fields: inout Fields, _ limits: CaptureLimits, lengthAt position: UInt64
    ) throws(CaptureFileError) -> [UInt8] {
        guard length <= limits.capturedLength else {
            throw error(
                .tooLong, at: position, expected: "a captured length of at most \(limits.capturedLength) bytes",
                found: "\(length)")
        }
        let room = fields.rest.count
        guard let bytes = fields.padded(Int(length)) else {
            throw error(
                .malformed, at: position, expected: "a captured length of at most the block's \(room) bytes",
                found: "\(length)")
        }
        return Array(bytes)
    }

    /// `code u16, length u16`, value padded to a multiple of 4; the end is marked, or is the block's.
    private func options(_ start: Fields, _ limits: CaptureLimits) throws(CaptureFileError) -> [CaptureOption] {
        var fields = start
        var options: [CaptureOption] = []
        while !fields.rest.isEmpty {
            let position = UInt64(body.count - fields.rest.count)
            guard let code = fields.uint16(), let length = fields.uint16() else {
                throw error(.malformed, at: position, expected: "an option", found: "the end of the block")
            }
            if code == PcapngOption.endOfOptions { break }
            guard options.count < limits.options else {
                throw error(
                    .tooMany, at: position, expected: "at most \(limits.options) options in a block", found: "more")
            }
            let room = fields.rest.count
            guard let value = fields.padded(Int(length)) else {
                throw error(
                    .malformed, at: position, expected: "an option of at most the block's \(room) bytes",
                    found: "\(length)")
            }
            options.append(CaptureOption(code: code, value: Array(value)))
        }
        return options
    }

    /// The value of the first option of a code, that has a fixed length.
    private func value(
        of code: UInt16, length: Int, in options: [CaptureOption]
    ) throws(CaptureFileError) -> [UInt8]? {
        guard let option = options.first(where: { $0.code == code }) else { return nil }
        guard option.value.count == length else {
            throw error(
                .malformed, at: 0, expected: "\(length) bytes in option \(code)", found: "\(option.value.count)")
        }
        return option.value
    }

    private func tooShort(_ expected: String) -> CaptureFileError {
        error(.malformed, at: 0, expected: expected, found: "\(body.count) bytes")
    }

    private func error(
        _ code: CaptureFileError.Code, at position: UInt64, expected: String, found: String
    ) -> CaptureFileError {
        CaptureFileError(code: code, offset: offset + position, expected: expected, found: found)
    }
}
