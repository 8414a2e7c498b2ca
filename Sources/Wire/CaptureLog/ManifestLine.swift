internal import LinuxSystem
internal import Notation

/// A line of a log's manifest: something that happened to a file of its own.
///
/// `CHECKSUM WORD NUMBERS… NAME`, with the rest of the line's FNV-1a checksum first, in eight hexadecimal digits. A line
/// that was torn, or of a later version, doesn't count. A file is `INODE@BIRTH`, or `INODE` where its time of birth isn't
/// known, as in all manifests of earlier versions.
enum ManifestLine: Hashable {
    /// A name was chosen; the file will be made under its hidden name.
    case begun(name: String, sequence: UInt64)
    /// The hidden file was made.
    case made(name: String, file: FileIdentity)
    /// The file is complete: it gets its name next.
    case complete(name: String, file: FileIdentity, size: UInt64, time: Int64)
    /// The complete file has got its name.
    case named(file: FileIdentity)
    /// The file was removed, or nothing came of it; nil if it was never made.
    case gone(name: String, file: FileIdentity?)
    /// Numbers of files go on from here.
    case next(sequence: UInt64)

    /// With its end.
    var text: String {
        let rest =
            switch self {
            case .begun(let name, let sequence): "begun \(sequence) \(name)"
            case .made(let name, let file): "made \(Self.word(file)) \(name)"
            case .complete(let name, let file, let size, let time):
                "complete \(Self.word(file)) \(size) \(time) \(name)"
            case .named(let file): "named \(Self.word(file))"
            case .gone(let name, let file): "gone \(file.map(Self.word) ?? "0") \(name)"
            case .next(let sequence): "next \(sequence)"
            }
        return "\(Self.checksum(rest)) \(rest)\n"
    }

    /// A line without its end; nil if it doesn't count.
    init?(_ line: Substring) {
        guard let space = line.firstIndex(of: " ") else { return nil }
        let rest = line[line.index(after: space)...]
        guard line[..<space] == Self.checksum(rest) else { return nil }
        var fields = Fields(rest: rest)
        switch fields.word() {
        case "begun":
            guard let sequence = fields.number(), let name = fields.name() else { return nil }
            self = .begun(name: name, sequence: sequence)
        case "made":
            guard let file = fields.file(), let name = fields.name() else { return nil }
            self = .made(name: name, file: file)
        case "complete":
            guard let file = fields.file(), let size = fields.number(), let time = Int64(fields.word()),
                let name = fields.name()
            else { return nil }
            self = .complete(name: name, file: file, size: size, time: time)
        case "named":
            guard let file = fields.file() else { return nil }
            self = .named(file: file)
        case "gone":
            guard let file = fields.file(), let name = fields.name() else { return nil }
            self = .gone(name: name, file: file.inode == 0 ? nil : file)
        case "next":
            guard let sequence = fields.number() else { return nil }
            self = .next(sequence: sequence)
        default: return nil
        }
    }

    private static func word(_ file: FileIdentity) -> String {
        file.birth.map { "\(file.inode)@\($0)" } ?? "\(file.inode)"
    }

    private struct Fields {
        var rest: Substring

        mutating func word() -> Substring {
            let word = rest.prefix { $0 != " " }
            rest = rest.dropFirst(word.count + 1)
            return word
        }

        mutating func number() -> UInt64? { UInt64(word()) }

        mutating func file() -> FileIdentity? {
            let parts = word().split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
            guard let inode = parts.first.flatMap({ UInt64($0) }) else { return nil }
            guard parts.count > 1 else { return FileIdentity(inode: inode, birth: nil) }
            return Int64(parts[1]).map { FileIdentity(inode: inode, birth: $0) }
        }

        /// What is left: a name that this could have given, in this directory and nowhere else.
        func name() -> String? {
            guard !rest.isEmpty, !rest.hasPrefix("."), !rest.utf8.contains(UInt8(ascii: "/")), !rest.utf8.contains(0)
            else { return nil }
            return String(rest)
        }
    }

    static func checksum(_ text: some StringProtocol) -> String {
        let hash = text.utf8.reduce(UInt32(0x811c_9dc5)) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        return hash.digits(8, radix: 16)
    }
}
