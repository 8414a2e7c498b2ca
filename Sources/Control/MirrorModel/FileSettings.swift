/// A directory of the machine, as an absolute path.
public struct DirectoryPath: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The most bytes that a path may have: `PATH_MAX` − 1.
    public static let maximumLength = 4095

    /// The path, without doubled slashes, `.` parts and a slash at its end.
    public let description: String

    /// - Throws: ``NameError`` if it isn't absolute, leads upwards, or can't be a path.
    public init(_ text: String) throws(NameError) {
        func error(_ problem: String) -> NameError { NameError(name: text, problem: problem, kind: "a directory") }
        guard text.utf8.first == UInt8(ascii: "/") else {
            throw error("it has to be an absolute path, as in /var/log/captures")
        }
        guard text.utf8.count <= Self.maximumLength else {
            throw error("it has \(text.utf8.count) bytes; a path has at most \(Self.maximumLength)")
        }
        guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
            throw error("a path here has no control characters")
        }
        let parts = text.split(separator: "/").filter { $0 != "." }
        guard !parts.contains("..") else {
            throw error("'..' isn't followed; say where the directory really is")
        }
        description = "/" + parts.joined(separator: "/")
    }

    /// By path.
    public static func < (left: DirectoryPath, right: DirectoryPath) -> Bool { left.description < right.description }

    /// Byte by byte, as the kernel has it: to Swift, two ways of writing é are one text.
    public static func == (left: DirectoryPath, right: DirectoryPath) -> Bool {
        left.description.utf8.elementsEqual(right.description.utf8)
    }
}

/// The form of capture files.
public enum FileFormat: String, Codable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// With nanoseconds, directions and statistics.
    case pcapng
    /// What every program reads.
    case pcap

    /// As files and the command line have it.
    public var description: String { rawValue }
}

/// How capture files are compressed.
public enum FileCompression: String, Codable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case zstd

    /// As files and the command line have it.
    public var description: String { rawValue }
}

/// Capture files in a directory as an output: how they are written, when the next one begins, and which are kept.
public struct FileSettings: Hashable, Sendable {
    /// Where they are.
    public var directory: DirectoryPath
    /// What they are called: a template of strftime(3); nil for the writer's own.
    public var name: String?
    /// Their form.
    public var format: FileFormat
    /// How they are compressed; nil for not at all.
    public var compression: FileCompression?
    /// A file is finished before it gets larger than so many bytes.
    public var rotateSize: UInt64?
    /// A file is finished at each multiple of this time by the clock; whole seconds.
    public var rotateTime: Duration?
    /// A file is finished after so many packets.
    public var rotatePackets: UInt32?
    /// So many finished files are kept, the oldest go.
    public var keepFiles: UInt32?
    /// Finished files are kept as long as all of them have at most so many bytes.
    public var keepBytes: UInt64?
    /// Finished files are kept for so long; whole seconds.
    public var keepAge: Duration?
    /// The oldest finished files go while the volume is more than so many percent full.
    public var keepPercent: UInt8?

    /// From its parts; nothing is checked here.
    public init(
        directory: DirectoryPath, name: String? = nil, format: FileFormat = .pcapng,
        compression: FileCompression? = nil, rotateSize: UInt64? = nil, rotateTime: Duration? = nil,
        rotatePackets: UInt32? = nil, keepFiles: UInt32? = nil, keepBytes: UInt64? = nil, keepAge: Duration? = nil,
        keepPercent: UInt8? = nil
    ) {
        self.directory = directory
        self.name = name
        self.format = format
        self.compression = compression
        self.rotateSize = rotateSize
        self.rotateTime = rotateTime
        self.rotatePackets = rotatePackets
        self.keepFiles = keepFiles
        self.keepBytes = keepBytes
        self.keepAge = keepAge
        self.keepPercent = keepPercent
    }

    /// Whether a file is ever finished before the end.
    public var rotates: Bool { rotateSize != nil || rotateTime != nil || rotatePackets != nil }

    /// Whether finished files are ever removed.
    public var prunes: Bool { keepFiles != nil || keepBytes != nil || keepAge != nil || keepPercent != nil }

    /// What `rotate-size` may be, in bytes: less would be a file for every few packets.
    public static let rotateSizeRange: ClosedRange<UInt64> = 4096...1 << 60
    /// What `keep-percent` may be.
    public static let percentRange: ClosedRange<UInt8> = 1...99

    /// What is wrong with each value by itself, and with what it says together with others: each with its key as files
    /// and the command line have it.
    public var problems: [SettingProblem] {
        var found: [SettingProblem] = []
        if let problem = name.flatMap(Self.problem) { found.append(SettingProblem("name", problem)) }
        if let rotateSize, !Self.rotateSizeRange.contains(rotateSize) {
            found.append(
                SettingProblem("rotate-size", "has to be at least 4K, not \(rotateSize) bytes"))
        }
        if let percent = keepPercent, !Self.percentRange.contains(percent) {
            found.append(SettingProblem("keep-percent", "has to be 1 to 99 percent of the volume"))
        }
        for (key, isNothing) in [
            ("rotate-packets", rotatePackets == 0), ("keep-files", keepFiles == 0), ("keep-bytes", keepBytes == 0),
        ] where isNothing {
            found.append(SettingProblem(key, "has to be at least 1"))
        }
        for (key, time) in [("rotate-time", rotateTime), ("keep-age", keepAge)] {
            if let time, time < .seconds(1) { found.append(SettingProblem(key, "has to be at least 1s")) }
        }
        if prunes, !rotates {
            let first =
                keepFiles != nil
                ? "keep-files" : keepBytes != nil ? "keep-bytes" : keepAge != nil ? "keep-age" : "keep-percent"
            found.append(
                SettingProblem(
                    first,
                    "removes finished files, and none is finished without rotate-size, rotate-time or "
                        + "rotate-packets: add one"))
        }
        if let keepBytes, let rotateSize, keepBytes < rotateSize {
            found.append(
                SettingProblem(
                    "keep-bytes", "\(keepBytes) bytes is less than one file of rotate-size, \(rotateSize) bytes"))
        }
        return found
    }

    /// Why a template can't be files' name; nil if it can.
    private static func problem(with name: String) -> String? {
        if name.isEmpty { return "is empty" }
        if name.contains("/") { return "'\(name)' has a '/': the files are in the directory itself" }
        if name.hasPrefix(".") { return "'\(name)' begins with a dot, as only files in the making do" }
        if name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) { return "has control characters" }
        if name.utf8.count > 200 { return "is too long: a file's name has at most 255 bytes" }
        return nil
    }
}

/// Something that can't be as a definition says, with the key that says it.
public struct SettingProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// As files have it; on the command line with `--` in front.
    public let key: String
    /// What is wrong: follows the key.
    public let problem: String

    public init(_ key: String, _ problem: String) {
        self.key = key
        self.problem = problem
    }

    /// For people, with the key as files have it.
    public var description: String { "'\(key)' \(problem)" }
}
