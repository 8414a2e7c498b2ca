import PacketFilter
import RouteNetlink
import Testing

@testable import TrafficControl

@Suite struct ProgramTests {
    @Test("A program goes to the kernel and comes back") func programGoesKernelComes() throws {
        let program = try FilterCompiler.compile("tcp port 80 or icmp")
        let instructions = program.socketFilters
        #expect(instructions.count == program.instructions.count)
        #expect(BPFProgram(instructions) == program)
    }

    @Test("Instructions that no program of ours has are none") func instructionsNoProgramOurs() {
        #expect(BPFProgram([]) == nil)
        #expect(BPFProgram([SocketFilter(code: 0xffff, jumpTrue: 0, jumpFalse: 0, constant: 0)]) == nil)
        #expect(BPFProgram([SocketFilter(code: 0x28, jumpTrue: 0, jumpFalse: 0, constant: 12)]) == nil)
        let loop = SocketFilter(code: 0x05, jumpTrue: 0, jumpFalse: 0, constant: .max)
        #expect(BPFProgram([loop, SocketFilter(code: 6, jumpTrue: 0, jumpFalse: 0, constant: 0)]) == nil)
    }
}
