internal import CaptureFile
internal import Glibc
internal import LinuxSystem
internal import Notation

/// The list of the files that a log made, in a file of its own in the directory, locked while the log lives.
///
/// Logs of the same template share a name with a number behind it: each has the first number that nobody has locked, and
/// takes over those of logs that are no more.
final class Manifest {
    private(set) var contents = ManifestContents()
    /// Files that were complete before this run.
    private var earlier: Set<Named> = []

    private struct Named: Hashable {
        let name: String
        let file: FileIdentity
    }

    private var file: Descriptor
    private let name: String
    private var size: UInt64 = 0
    private var reserved: UInt64 = 0
    /// Whether the last write broke off within a line.
    private var isTorn = false

    /// Room that is kept behind the end, so that lines can be written on a full disk.
    private static let reserve = 64 << 10
    private static let mostSlots = 256
    private static let mostBytes = 256 << 20

    /// The beginning of the names of a template's manifests.
    static func prefix(for template: FileNameTemplate, interface: String) -> String {
        let text = "\(template.pattern)\n\(template.fileExtension)\n\(interface)"
        let hash = text.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return ".portmirror-log-\(hash.digits(16, radix: 16))-"
    }

    /// Locks the first manifest that is free, makes it if need be, and takes over what logs that are no more have left.
    /// - Parameter path: the directory's, for words.
    init(in directory: borrowing Descriptor, at path: String, prefix: String) throws {
        var slot = 1
        while true {
            guard slot <= Self.mostSlots else {
                throw CaptureLogError("\(Self.mostSlots) logs of this name template run in \(path) already")
            }
            if let locked = try Self.lockOrMake("\(prefix)\(slot)", in: directory, at: path) {
                file = locked
                break
            }
            slot += 1
        }
        name = "\(prefix)\(slot)"
        try load()
        for other in try directory.fileNames() where other.hasPrefix(prefix) && other != name {
            guard UInt(other.dropFirst(prefix.count)) != nil else { continue }
            try takeOver(other, in: directory)
        }
        if contents.lines > 2 * contents.compacted.count + 100 { try compact(in: directory) }
        earlier = Set(contents.complete.map { Named(name: $0.name, file: $0.file) })
    }

    // The next log of the template takes over what this one leaves, also if it begins at once.
    deinit { file.unlock() }

    /// - Throws: ``UnwritableDirectoryError`` if there is none, and none can be made.
    private static func lockOrMake(
        _ name: String, in directory: borrowing Descriptor, at path: String
    ) throws -> Descriptor? {
        do throws(SystemError) {
            return try lock(name, in: directory, makes: true)
        } catch  where [.access, .notPermitted, .readOnly].contains(error.errno) {
            throw UnwritableDirectoryError(path, try? directory.status(), error.errno)
        }
    }

    /// Opens and locks; nil if somebody else has the lock, or there is none to open.
    private static func lock(
        _ name: String, in directory: borrowing Descriptor, makes: Bool
    ) throws(SystemError) -> Descriptor? {
        while true {
            // A fifo of this name mustn't keep us.
            let flags = O_RDWR | O_APPEND | O_NONBLOCK | (makes ? O_CREAT : 0)
            let file: Descriptor
            do throws(SystemError) {
                file = try directory.openFile(name, flags: flags)
            } catch  where error.errno == .noEntry && !makes {
                return nil
            } catch  where error.errno == .access {
                // Somebody else's is passed over. Where there is nothing, nothing may be made here.
                if try directory.status(of: name) == nil { throw error }
                return nil
            } catch  where error.errno.code == ENXIO || error.errno.code == ELOOP {
                return nil
            }
            // What others could have written isn't believed: it would have files deleted that aren't the log's.
            guard try file.status().isOwn else { return nil }
            guard try file.tryLock() else { return nil }
            // Between opening and locking another log may have put a new file in its place, or removed it.
            if let there = try directory.status(of: name), try file.status().identity == there.identity { return file }
        }
    }

    private func load() throws(SystemError) {
        let status = try file.status()
        let bytes = try file.readAll(atMost: Self.mostBytes)
        for line in ManifestContents.lines(bytes) { contents.apply(line) }
        size = status.size
        isTorn = !bytes.isEmpty && bytes.last != UInt8(ascii: "\n")
        makeRoom()
    }

    private func takeOver(_ other: String, in directory: borrowing Descriptor) throws(SystemError) {
        guard let abandoned = try Self.lock(other, in: directory, makes: false) else { return }
        var theirs = ManifestContents()
        for line in ManifestContents.lines(try abandoned.readAll(atMost: Self.mostBytes)) { theirs.apply(line) }
        for line in theirs.compacted { try append(line) }
        try directory.removeFile(other)
    }

    private func makeRoom() {
        guard size + UInt64(Self.reserve / 2) > reserved else { return }
        file.reserve(at: size, count: Self.reserve)
        reserved = size + UInt64(Self.reserve)
    }

    /// Adds a line. It counts also if it can't be written: then it is forgotten with the process.
    func append(_ line: ManifestLine) throws(SystemError) {
        contents.apply(line)
        let bytes = Array(((isTorn ? "\n" : "") + line.text).utf8)
        var done = 0
        defer { size += UInt64(done) }
        while done < bytes.count {
            do throws(SystemError) {
                done += try file.writeSome(bytes.span.extracting(droppingFirst: done))
            } catch {
                isTorn = isTorn || done > 0
                throw SystemError(error.errno, "write", name)
            }
        }
        isTorn = false
        makeRoom()
    }

    /// Whether a complete file is of an earlier run.
    func isEarlier(_ file: ManifestContents.Complete) -> Bool {
        earlier.contains(Named(name: file.name, file: file.file))
    }

    /// Forgets a file that can't be deleted, until the next start.
    func forget(_ file: ManifestContents.Complete) { contents.forget(name: file.name, file.file) }

    /// Writes the manifest anew when most of it is history.
    func tidy(in directory: borrowing Descriptor) throws {
        if contents.lines > 4 * (contents.complete.count + contents.unfinished.count) + 1000 {
            try compact(in: directory)
        }
    }

    private func compact(in directory: borrowing Descriptor) throws {
        let temporary = name + ".new"
        try directory.removeFile(temporary)
        do {
            let fresh = try directory.openFile(temporary, flags: O_RDWR | O_APPEND | O_CREAT | O_EXCL)
            guard try fresh.tryLock() else { throw CaptureLogError("can't lock \(temporary)") }
            let lines = contents.compacted
            try fresh.write(Array(lines.map(\.text).joined().utf8))
            // Else it may be empty after a power cut, and files would never be removed again.
            try fresh.synchronise()
            try directory.renameFile(temporary, replacing: name)
            try directory.synchronise()
            var compacted = ManifestContents()
            for line in lines { compacted.apply(line) }
            contents = compacted
            size = try fresh.status().size
            file = fresh
        } catch {
            try? directory.removeFile(temporary)
            throw error
        }
        isTorn = false
        reserved = 0
        makeRoom()
    }
}
