import CPcap
import SharedLibrary
import Synchronization

/// The one door to libpcap.
enum Libpcap {
    enum Outcome {
        case instructions([BPFInstruction])
        /// libpcap's own words.
        case refused(String)
        /// It can't be asked, in words.
        case unavailable(String)
    }

    /// libpcap looks names up with getprotobyname and others that keep their answer in static memory, so calls to it
    /// take turns.
    private static let turn = Mutex(())

    /// Compiles an expression, optimised, as `pcap_compile(3PCAP)` does without a live interface
    /// and with an unknown netmask. Names of hosts are looked up: ``HostNames`` has seen to it that there is an answer.
    static func compile(_ expression: String, _ framing: Framing) -> Outcome {
        turn.withLock { _ in
            let pcap: LibpcapFunctions
            switch unsafe LibpcapFunctions.loaded {
            case .success(let functions): unsafe pcap = unsafe functions
            case .failure(let error): return .unavailable(error.description)
            }
            // The snapshot length is what the program returns for a match; any but 0 does.
            guard let handle = unsafe pcap.openDead(framing.number, 262_144) else {
                return .unavailable("libpcap can't allocate memory")
            }
            defer { unsafe pcap.close(handle) }
            var program = unsafe bpf_program()
            guard unsafe pcap.compile(handle, &program, expression, 1, bpf_u_int32.max) == 0 else {
                return .refused(unsafe pcap.lastError(handle).map { unsafe String(cString: $0) } ?? "unknown error")
            }
            defer { unsafe pcap.freeCode(&program) }
            let instructions = unsafe UnsafeBufferPointer(start: program.bf_insns, count: Int(program.bf_len))
            return .instructions(
                unsafe instructions.map { BPFInstruction(code: $0.code, jt: $0.jt, jf: $0.jf, k: $0.k) })
        }
    }
}
