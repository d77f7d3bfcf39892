using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;

namespace Kn.Dns.Fuzz;

/// <summary>Makes the code under test tell which ways it takes: a call of <see cref="Coverage.Hit"/> at the beginning of each basic block.</summary>
internal static class Instrumentation
{
    private const string UnderTest = "Kn.Dns.dll";

    /// <summary>Copies a folder of assemblies and rewrites the one under test there.</summary>
    /// <param name="from">The program's folder.</param>
    /// <param name="to">An empty folder.</param>
    /// <returns>How many blocks tell of themselves.</returns>
    public static int Copy(string from, string to)
    {
        foreach (var path in Directory.EnumerateFiles(from))
        {
            File.Copy(path, Path.Combine(to, Path.GetFileName(path)));
        }

        using var resolver = new DefaultAssemblyResolver();
        resolver.AddSearchDirectory(from);
        using var assembly = AssemblyDefinition.ReadAssembly(Path.Combine(from, UnderTest), new ReaderParameters { AssemblyResolver = resolver });
        var hit = assembly.MainModule.ImportReference(typeof(Coverage).GetMethod(nameof(Coverage.Hit)));
        var blocks = 0;
        foreach (var method in assembly.MainModule.GetTypes().SelectMany(static type => type.Methods).Where(static method => method.HasBody))
        {
            Rewrite(method.Body, hit, ref blocks);
        }

        assembly.Write(Path.Combine(to, UnderTest));
        return blocks;
    }

    private static void Rewrite(MethodBody body, MethodReference hit, ref int blocks)
    {
        body.SimplifyMacros();
        var processor = body.GetILProcessor();
        var first = new Dictionary<Instruction, Instruction>();
        foreach (var start in Starts(body))
        {
            // Numbers far apart: neighbours would meet in the map.
            var number = processor.Create(OpCodes.Ldc_I4, (int)((uint)++blocks * 0x9E37_79B1u >> 8));
            processor.InsertBefore(start, number);
            processor.InsertBefore(start, processor.Create(OpCodes.Call, hit));
            first.Add(start, number);
        }

        Redirect(body, first);
        body.OptimizeMacros();
    }

    /// <summary>The method's begin, what is jumped to, and what follows a jump that may not be taken.</summary>
    private static HashSet<Instruction> Starts(MethodBody body)
    {
        HashSet<Instruction> starts = [body.Instructions[0]];
        foreach (var instruction in body.Instructions)
        {
            switch (instruction.Operand)
            {
                case Instruction target:
                    starts.Add(target);
                    break;
                case Instruction[] targets:
                    starts.UnionWith(targets);
                    break;
                default:
                    continue;
            }

            if (instruction.OpCode.FlowControl == FlowControl.Cond_Branch && instruction.Next is { } next)
            {
                starts.Add(next);
            }
        }

        return starts;
    }

    private static void Redirect(MethodBody body, Dictionary<Instruction, Instruction> first)
    {
        Instruction? Of(Instruction? instruction) => instruction is not null && first.TryGetValue(instruction, out var begin) ? begin : instruction;
        foreach (var instruction in body.Instructions)
        {
            instruction.Operand = instruction.Operand switch
            {
                Instruction target => Of(target),
                Instruction[] targets => targets.Select(target => Of(target)!).ToArray(),
                var other => other,
            };
        }

        foreach (var handler in body.ExceptionHandlers)
        {
            handler.TryStart = Of(handler.TryStart);
            handler.TryEnd = Of(handler.TryEnd);
            handler.FilterStart = Of(handler.FilterStart);
            handler.HandlerStart = Of(handler.HandlerStart);
            handler.HandlerEnd = Of(handler.HandlerEnd);
        }
    }
}
