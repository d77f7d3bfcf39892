using Kn.Kubernetes.Json;
using Microsoft.Extensions.Logging;

namespace Kn.Kubernetes.Informers;

/// <summary>What all reflectors of one cache share.</summary>
/// <param name="Options">The pace.</param>
/// <param name="Time">The clock.</param>
/// <param name="Random">The jitter; safe for several threads.</param>
/// <param name="Log">Where to speak.</param>
/// <param name="Strings">Strings that recur across objects.</param>
/// <param name="OnUnreachable">Told when the API server gives no answer.</param>
internal sealed record InformerContext(
    InformerOptions Options, TimeProvider Time, Random Random, ILogger Log, StringPool Strings, Action OnUnreachable);
