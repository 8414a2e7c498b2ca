internal import CLinux
internal import Glibc

/// What a file is known by again: its number on its volume, and when it was made. A number alone isn't enough: file systems
/// give that of a file that was removed to the next one (ext4 at once).
public struct FileIdentity: Hashable, Sendable {
    /// The file's number on its volume.
    public let inode: UInt64
    /// When it was made (statx(2)), in nanoseconds since 1970; nil where the file system or the kernel doesn't tell.
    public let birth: Int64?

    public init(inode: UInt64, birth: Int64?) {
        self.inode = inode
        self.birth = birth
    }

    /// Whether it is the same file, of the same volume, as far as both tell.
    public func isSame(as other: FileIdentity) -> Bool {
        inode == other.inode && (birth == nil || other.birth == nil || birth == other.birth)
    }
}

/// What identifies a file, and its size.
public struct FileStatus: Hashable, Sendable {
    /// What it is known by.
    public let identity: FileIdentity
    /// The volume.
    public let device: UInt64
    /// Bytes.
    public let size: UInt64
    /// Bytes that it takes on the disk.
    public let allocated: UInt64
    /// Whether it is a regular file: no link, directory or device.
    public let isRegular: Bool
    /// Names that it has.
    public let links: UInt64
    /// The user whose it is.
    public let owner: UInt32
    /// Its permission bits.
    public let permissions: UInt32
    /// Whether it is a regular file of this process's user, with one name, that nobody else may write to.
    public var isOwn: Bool { isRegular && owner == geteuid() && links == 1 && permissions & 0o022 == 0 }

    fileprivate init(_ status: clinux_file_status) {
        identity = FileIdentity(inode: status.inode, birth: status.birth == 0 ? nil : status.birth)
        device = status.device
        size = status.size
        allocated = status.blocks.multipliedReportingOverflow(by: 512).partialValue
        isRegular = status.mode & S_IFMT == S_IFREG
        links = status.links
        owner = status.owner
        permissions = status.mode & 0o7777
    }

    /// Of what has a name in a directory, or of a descriptor; nil if there is nothing.
    fileprivate static func of(
        _ name: String, in directory: Int32, _ object: @autoclosure () -> String
    ) throws(SystemError) -> FileStatus? {
        var status = clinux_file_status()
        let code = unsafe clinux_file_status(directory, name, &status)
        if code == -ENOENT { return nil }
        _ = try check(code, "look at", object())
        return FileStatus(status)
    }
}

/// A volume's size and what is free on it.
public struct VolumeSpace: Hashable, Sendable {
    /// Bytes of the volume.
    public let size: UInt64
    /// Bytes that are free for users.
    public let free: UInt64
}

/// Files by their names in a directory that is open: wherever its path leads by now, or whatever is the root.
///
/// Symbolic links are never followed.
extension Descriptor {
    /// Opens a file in this directory.
    public func openFile(_ name: String, flags: Int32, mode: UInt32 = 0o600) throws(SystemError) -> Descriptor {
        let number = unsafe name.withCString { unsafe clinux_openat(self.number, $0, flags | O_NOFOLLOW, mode) }
        return Descriptor(owning: try check(number, "open", name))
    }

    /// Makes a new file in this directory, for its owner alone.
    /// - Throws: `EEXIST` if there is something of the name.
    public func createFile(_ name: String) throws(SystemError) -> Descriptor {
        try openFile(name, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
    }

    /// Gives a file in this directory another name, unless that is taken.
    /// - Throws: `EEXIST` if it is.
    public func renameFile(_ name: String, toFree other: String) throws(SystemError) {
        let code = unsafe clinux_rename_noreplace(number, name, other)
        // File systems without the flag say EINVAL; kernels without the call ENOSYS.
        guard code == -EINVAL || code == -ENOSYS else {
            _ = try check(code, "rename \(name) to", other)
            return
        }
        _ = try checkErrno(unsafe linkat(number, name, number, other, 0), "link \(name) to", other)
        try removeFile(name)
    }

    /// Gives a file in this directory another name; what has that name goes.
    public func renameFile(_ name: String, replacing other: String) throws(SystemError) {
        _ = try checkErrno(unsafe renameat(number, name, number, other), "rename \(name) to", other)
    }

    /// Removes a file in this directory; one that isn't there is fine.
    public func removeFile(_ name: String) throws(SystemError) {
        guard unsafe unlinkat(number, name, 0) == 0 || Glibc.errno == ENOENT else {
            throw SystemError(Errno(Glibc.errno), "remove", name)
        }
    }

    /// The status of what has a name in this directory; nil if nothing has.
    public func status(of name: String) throws(SystemError) -> FileStatus? {
        try FileStatus.of(name, in: number, name)
    }

    /// The names in this directory, sorted, hidden ones too.
    public func fileNames() throws(SystemError) -> [String] {
        let again = try check(unsafe clinux_openat(number, ".", O_RDONLY | O_DIRECTORY, 0), "open", "the directory")
        guard let directory = unsafe fdopendir(again) else {
            let failure = Errno(Glibc.errno)
            close(again)
            throw SystemError(failure, "list", "the directory")
        }
        defer { unsafe _ = closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The volume that this is on.
    public func volume() throws(SystemError) -> VolumeSpace {
        var status = statvfs()
        _ = try checkErrno(unsafe fstatvfs(number, &status), "look at", "the volume")
        let unit = UInt64(status.f_frsize)
        return VolumeSpace(
            size: UInt64(status.f_blocks).multipliedReportingOverflow(by: unit).partialValue,
            free: UInt64(status.f_bavail).multipliedReportingOverflow(by: unit).partialValue)
    }
}

/// An open file.
extension Descriptor {
    /// The file's status.
    public func status() throws(SystemError) -> FileStatus {
        guard let status = try FileStatus.of("", in: number, object) else {
            throw SystemError(.noEntry, "look at", object)
        }
        return status
    }

    /// Writes bytes at the file's position, as many as the kernel takes at once.
    /// - Returns: how many these were.
    public func writeSome(_ bytes: Span<UInt8>) throws(SystemError) -> Int {
        let number = self.number
        let size = unsafe bytes.withUnsafeBytes { buffer in
            var size = 0
            repeat {
                size = unsafe Glibc.write(number, buffer.baseAddress, buffer.count)
            } while size < 0 && Glibc.errno == EINTR
            return size
        }
        guard size >= 0 else { throw SystemError(Errno(Glibc.errno), "write", object) }
        return size
    }

    /// Reads behind what is in a buffer, from a place in the file, until the buffer is full or the file is over.
    /// - Returns: how many bytes were read.
    public func read(into buffer: AlignedBuffer, at offset: UInt64) throws(SystemError) -> Int {
        var done = 0
        while buffer.room > 0 {
            let place = off_t(clamping: offset + UInt64(done))
            let size = unsafe buffer.fill { memory, room in
                var size = 0
                repeat { size = unsafe pread(number, memory, room, place) } while size < 0 && Glibc.errno == EINTR
                return size
            }
            guard size >= 0 else { throw SystemError(Errno(Glibc.errno), "read", object) }
            if size == 0 { break }
            done += size
        }
        return done
    }

    /// Cuts the file, and goes on writing at its end.
    public func truncate(to length: UInt64) throws(SystemError) {
        let length = off_t(clamping: length)
        while ftruncate(number, length) != 0 {
            guard Glibc.errno == EINTR else { throw SystemError(Errno(Glibc.errno), "cut", object) }
        }
        _ = lseek(number, length, SEEK_SET)
    }

    /// Waits until the file's bytes, and what is needed to find them, are on the disk (fdatasync(2)).
    public func synchronise() throws(SystemError) {
        _ = try checkErrno(fdatasync(number), "sync", object)
    }

    /// Has the kernel begin to write a part of the file to the disk, and doesn't wait (sync_file_range(2)). Some file
    /// systems don't: that is no error.
    public func startWriteback(at offset: UInt64, count: Int) {
        _ = clinux_start_writeback(number, off_t(clamping: offset), off_t(count))
    }

    /// Sets room on the disk aside behind the file's end, so that small writes succeed on a full disk. Some file systems
    /// don't: that is no error.
    public func reserve(at offset: UInt64, count: Int) {
        _ = clinux_allocate(number, off_t(clamping: offset), off_t(count))
    }

    /// Locks the file against others who do the same (flock(2)), until ``unlock()``, or until this descriptor is closed and
    /// every child that was forked meanwhile has closed its own.
    /// - Returns: whether it could; otherwise somebody else has the lock.
    public func tryLock() throws(SystemError) -> Bool {
        if flock(number, LOCK_EX | LOCK_NB) == 0 { return true }
        guard Glibc.errno == EWOULDBLOCK else {
            throw SystemError(Errno(Glibc.errno), "lock", object)
        }
        return false
    }

    /// Gives the lock back, also where a child that is just being started still has the descriptor.
    public func unlock() { _ = flock(number, LOCK_UN) }
}
