using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace Kn.Kubernetes.Tests.Informers;

/// <summary>Lists and watches of one kind, answered by what the test queued; a request that nothing is queued for waits for it.</summary>
public sealed class ScriptedApi
{
    private readonly Channel<Func<HttpContext, Task>> _lists = Channel.CreateUnbounded<Func<HttpContext, Task>>();
    private readonly Channel<Func<HttpContext, Task>> _watches = Channel.CreateUnbounded<Func<HttpContext, Task>>();

    public async Task AnswerAsync(HttpContext context)
    {
        try
        {
            var queue = context.Request.Query.ContainsKey("watch") ? _watches : _lists;
            var answer = await queue.Reader.ReadAsync(context.RequestAborted);
            await answer(context);
        }
        catch (OperationCanceledException)
        {
            // The client went away.
        }
    }

    public ScriptedApi List(string version, string next, params string[] items) =>
        OnList(Body($$"""{"metadata":{"resourceVersion":"{{version}}","continue":"{{next}}"},"items":[{{string.Join(',', items)}}]}"""));

    public ScriptedApi OnList(Func<HttpContext, Task> answer)
    {
        _lists.Writer.TryWrite(answer);
        return this;
    }

    public ScriptedApi OnWatch(Func<HttpContext, Task> answer)
    {
        _watches.Writer.TryWrite(answer);
        return this;
    }

    /// <summary>A watch that sends this and then closes.</summary>
    public ScriptedApi Watch(params string[] events) => OnWatch(Body(string.Join("\n", events) + "\n"));

    /// <summary>A watch that sends this and then stays open, silent.</summary>
    public ScriptedApi OpenWatch(params string[] events) => OnWatch(async context =>
    {
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(string.Join("\n", events) + "\n"));
        await context.Response.Body.FlushAsync();
        await Task.Delay(Timeout.Infinite, context.RequestAborted);
    });

    public static string Event(string type, string item) => $$"""{"type":"{{type}}","object":{{item}}}""";

    public static string Bookmark(string version) => Event("BOOKMARK", $$$"""{"metadata":{"resourceVersion":"{{{version}}}"}}""");

    public static string Gone { get; } = Event("ERROR", """{"kind":"Status","status":"Failure","reason":"Expired","message":"too old resource version","code":410}""");

    public static Func<HttpContext, Task> Body(string text) => context => context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask();

    public static Func<HttpContext, Task> Status(int code, string reason) => context =>
    {
        context.Response.StatusCode = code;
        return Body($$"""{"kind":"Status","code":{{code}},"reason":"{{reason}}","message":"scripted"}""")(context);
    };
}
