internal import Notation

/// Why a capture file can't be read on: where, what was expected there, and what was found.
public struct CaptureFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of fault.
    public enum Code: Hashable, Sendable {
        /// The file begins like neither pcap nor pcapng.
        case notACapture
        /// A version of the format that this doesn't read.
        case unsupportedVersion
        /// A length over the limits: the file is damaged, or not to be trusted.
        case tooLong
        /// More of something than a file has that isn't made to fill a reader's memory.
        case tooMany
        /// A length or value that contradicts another.
        case malformed
        /// The file ends within a record.
        case truncated
    }

    /// The kind of fault.
    public let code: Code
    /// Where the field or record at fault begins, in bytes from the beginning of the file.
    public let offset: UInt64
    /// What should have been there.
    public let expected: String
    /// What was there.
    public let found: String

    /// - Parameter offset: in bytes from the beginning of the file.
    public init(code: Code, offset: UInt64, expected: String, found: String) {
        self.code = code
        self.offset = offset
        self.expected = expected
        self.found = found
    }

    /// In a sentence: `at byte 24: expected …, found …`.
    public var description: String { "at byte \(offset): expected \(expected), found \(found)" }
}

/// How much a capture file may ask a reader to hold.
public struct CaptureLimits: Hashable, Sendable {
    /// The most bytes captured of one packet.
    public var capturedLength: UInt32
    /// The most bytes of a pcapng block, its header and trailer included.
    public var blockLength: UInt32
    /// The most interfaces of a pcapng section.
    public var interfaces: Int
    /// The most bytes of a pcapng section's interface descriptions, all together.
    public var descriptions: Int
    /// The most options of a pcapng block.
    public var options: Int

    /// Limits in bytes: by default 256 KiB of a packet, which is libpcap's own (`MAXIMUM_SNAPLEN`), and blocks of 16 MiB;
    /// of a section 65,536 interfaces, that are described in 4 MiB; 4096 options of a block.
    public init(
        capturedLength: UInt32 = 256 << 10, blockLength: UInt32 = 16 << 20, interfaces: Int = 65_536,
        descriptions: Int = 4 << 20, options: Int = 4096
    ) {
        self.capturedLength = capturedLength
        self.blockLength = blockLength
        self.interfaces = interfaces
        self.descriptions = descriptions
        self.options = options
    }
}

extension UInt32 {
    /// As `0xa1b2c3d4`, for messages about magic numbers.
    var hexadecimal: String { "0x" + digits(8, radix: 16) }
}
