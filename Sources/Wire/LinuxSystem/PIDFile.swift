internal import CLinux
internal import Glibc

/// Why there is no pid file.
public enum PIDFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another process holds the file; its id, if it has written it already.
    case running(path: String, id: Int32?)
    /// What is in the file's place is no file.
    case notAFile(String)
    /// The system refused.
    case system(SystemError)

    public var description: String {
        switch self {
        case .running(let path, let id?): "already running, as process \(id) (\(path))"
        case .running(let path, nil): "already running (\(path))"
        case .notAFile(let path): "\(path) isn't a file"
        case .system(let error): "\(error)"
        }
    }
}

/// A file with this process's id, held as long as this value lives.
///
/// The lock on it (flock(2)) decides whether another process runs, and goes with the process however that ends: a file
/// left behind by one that was killed is taken over. Only its owner can open it: everybody who could, could hold the lock,
/// and this program would believe for ever that it runs already. The lock outlasts a fork(2) that the holder lives through, so make
/// this after ``DaemonStart``, in the process whose id it is to hold.
public struct PIDFile: ~Copyable {
    private let path: String
    private let file: Descriptor

    /// Makes the file, or takes over one that nobody holds.
    public init(_ path: String) throws(PIDFileError) {
        let held = try Self.held(path)
        do throws(SystemError) {
            _ = try checkErrno(ftruncate(held.number, 0), "write", path)
            try held.write([UInt8]("\(getpid())\n".utf8))
        } catch {
            throw .system(error)
        }
        self.path = path
        file = held
    }

    /// Opens and locks what is at the path then.
    private static func held(_ path: String) throws(PIDFileError) -> Descriptor {
        while true {
            let file = try opened(path)
            var status = stat()
            guard unsafe fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                throw .notAFile(path)
            }
            _ = fchmod(file.number, 0o600)
            guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else {
                guard Glibc.errno == EWOULDBLOCK else {
                    throw .system(SystemError(Errno(Glibc.errno), "lock", path))
                }
                throw .running(path: path, id: id(in: file))
            }
            // Whoever held it may have removed it between our opening and our locking it.
            if isAt(path, file) { return file }
        }
    }

    private static func opened(_ path: String) throws(PIDFileError) -> Descriptor {
        while true {
            do throws(SystemError) {
                return try Descriptor.open(path, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            } catch  where error.errno != .exists {
                throw .system(error)
            } catch {}
            do throws(SystemError) {
                // Without O_CREAT: fs.protected_regular refuses it for somebody else's file. A fifo mustn't keep us.
                return try Descriptor.open(path, flags: O_RDWR | O_NOFOLLOW | O_NONBLOCK)
            } catch  where error.errno == .noEntry {
                continue
            } catch  where error.errno.code == ELOOP {
                throw .notAFile(path)
            } catch  where error.errno.code == EISDIR {
                throw .notAFile(path)
            } catch {
                throw .system(error)
            }
        }
    }

    private static func id(in file: borrowing Descriptor) -> Int32? {
        let text = (try? file.read(upTo: 32)) ?? []
        let digits = text.prefix { $0 >= 0x30 && $0 <= 0x39 }
        return Int32(String(decoding: digits, as: UTF8.self))
    }

    private static func isAt(_ path: String, _ file: borrowing Descriptor) -> Bool {
        var here = stat()
        var there = stat()
        guard unsafe fstat(file.number, &here) == 0, unsafe lstat(path, &there) == 0 else { return false }
        return here.st_ino == there.st_ino && here.st_dev == there.st_dev
    }

    /// Removes the file; what ``deinit`` does too, which exit(3) doesn't call.
    public consuming func remove() {}

    /// Removes the file. Where this process can't any more, since it has given up its privileges or has another root
    /// directory, the file stays, but empty: nobody will take its id for that of a running process.
    deinit {
        if Self.isAt(path, file), unsafe unlink(path) == 0 { return }
        _ = ftruncate(file.number, 0)
        file.unlock()
    }
}
