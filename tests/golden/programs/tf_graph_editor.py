"""Graphs edited with tf.contrib.graph_editor: gradients that recompute layers, and steps that are unrolled."""

# tolerance: units=32 (four layers, differentiated: a rounding of one is worth several units of a slope)
import numpy as np
import tensorflow as tf
import tensorflow.contrib.graph_editor as ge

tf.set_random_seed(2)
x = tf.placeholder(tf.float32, [None, 3], name="x")
weights = [
    tf.get_variable("w%d" % i, [3, 3], initializer=tf.constant_initializer(np.sin((np.arange(9) + i) ** 2)))
    for i in range(4)
]
h, layers = x, []
for i, w in enumerate(weights):
    h = tf.tanh(tf.matmul(h, w, name="product%d" % i), name="layer%d" % i)
    layers.append(h)
loss = tf.reduce_sum(tf.square(h), name="loss")


def names(tops):
    return sorted(each.name for each in tops)


# selecting
print(len(ge.get_backward_walk_ops(loss.op)), names(ge.get_backward_walk_ops([loss.op], stop_at_ts=[layers[2]])))
print(
    names(ge.get_backward_walk_ops([layers[0]], inclusive=False)), len(ge.get_backward_walk_ops(loss, inclusive=False))
)
print(names(ge.get_forward_walk_ops([layers[2].op], inclusive=False)), names(ge.get_forward_walk_ops(layers[3])))
between = ge.get_forward_walk_ops(x.op, within_ops=ge.get_backward_walk_ops(layers[1].op))
print(names(between), names(ge.get_forward_walk_ops(x, stop_at_ts=[layers[0]])))
print(names(ge.get_forward_walk_ops(x.op, within_ops_fn=lambda op: op.type != "Tanh")))
print(names(ge.filter_ts(between, True)), names(ge.filter_ts_from_regex(between, "layer")))
print(names(ge.filter_ops_from_regex(between, "^product")), names(ge.filter_ops(between, lambda op: "1" in op.name)))
print(
    names(ge.select_ops("layer[12]$", graph=tf.get_default_graph())), names(ge.select_ops(layers[0].op, layers[1].op))
)
print(names(ge.filter_ts(layers[0].op, lambda t: t.op.type == "Tanh")))
view = ge.sgv([layers[1].op, layers[1].op.inputs[0].op])
print(names(view.ops), names(view.inputs), names(view.outputs))


# gradients that recompute what lies between checkpoints, as memory-saving gradients do
def recomputing(y, xs, checkpoints):
    forward = ge.get_forward_walk_ops(x.op, within_ops=ge.get_backward_walk_ops(y.op))
    kept = [op for op in forward if op.inputs]
    disconnected = {t: tf.stop_gradient(t, name=t.op.name + "_kept") for t in checkpoints}
    wanted = set(ge.get_backward_walk_ops([y.op], stop_at_ts=checkpoints, within_ops=kept)) - {
        t.op for t in checkpoints
    }
    copied, info = ge.copy_with_input_replacements(ge.sgv(list(wanted)), {})
    copies = list(info._transformed_ops.values())
    print(len(wanted), len(copies), sorted(op.type for op in copies), copied.ops[0] in copies)
    print(ge.reroute_ts(list(disconnected.values()), list(disconnected), can_modify=copies))
    end = info._transformed_ops[y.op].outputs[0]
    at = list(disconnected.values())
    slopes = tf.gradients(end, at + xs)
    total = slopes[len(at) :]
    for t, slope in zip(reversed(checkpoints), reversed(slopes[: len(at)])):
        stops = [other for other in checkpoints if other is not t]
        inner = set(ge.get_backward_walk_ops([t.op], stop_at_ts=stops, within_ops=kept)) - {s.op for s in stops}
        again, details = ge.copy_with_input_replacements(ge.sgv(list(inner)), {})
        for op in details._transformed_ops.values():
            if not op.control_inputs:
                ge.add_control_inputs(op, [slope.op])
        ge.reroute_ts([disconnected[s] for s in stops], stops, can_modify=details._transformed_ops.values())
        more = tf.gradients(details.transformed(t), xs, grad_ys=slope)
        total = [new if old is None else old if new is None else old + new for old, new in zip(total, more)]
    return total


plain = tf.gradients(loss, weights)
saved = recomputing(loss, weights, [layers[1]])
data = np.float32([[0.5, -1.0, 0.25], [1.0, 2.0, -0.5]])

# targets as functions of other tensors
shifted = ge.graph_replace(loss, {x: x + 1.0})
both = ge.graph_replace([loss, layers[0]], {weights[0].op.outputs[0]: weights[1].op.outputs[0], layers[1]: layers[2]})
named = ge.graph_replace({"loss": loss, "first": layers[0]}, {layers[2]: layers[2] * 0.5}, dst_scope="halved")
print(sorted(named), named["first"] is layers[0], named["loss"].op.name)
try:
    ge.graph_replace(layers[0], {layers[3]: layers[2]})
except ValueError as error:
    print(error)

# descent unrolled by hand: the loss after a step, differentiated by the rate
rate = tf.constant(0.25)
v = tf.Variable([1.0, -2.0], name="v")
bowl = tf.reduce_sum(v**2 * [1.0, 3.0])
reads = [op.outputs[0] for op in ge.get_backward_walk_ops(bowl.op) if op.type in ("Identity", "ReadVariableOp")]
(read,) = [t for t in reads if t.shape == [2]]
step = read - rate * tf.gradients(bowl, read)[0]
after = ge.graph_replace(bowl, {read: step})
twice = ge.graph_replace(after, {read: step})
slope = tf.gradients([after, twice], rate)[0]

# an op that waits, and one that reads another tensor
count = tf.Variable(0.0, name="count")
raised = tf.assign_add(count, 1.0)
seen = tf.identity(tf.constant(3.0), name="seen")
ge.add_control_inputs(seen.op, [raised.op])
try:
    ge.add_control_inputs(seen.op, raised.op)
except ValueError as error:
    print("already", "control_input" in str(error))
a, b = tf.constant(2.0, name="a"), tf.constant(5.0, name="b")
product, total = a * a, a + b
print(ge.reroute_ts(b, a, cannot_modify=[total.op]), ge.reroute_ts([a], [a]), [t.name for t in product.op.inputs])
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for one, other in zip(*session.run([plain, saved], {x: data})):
        print(one, np.abs(one - other).max() < 1e-6)
    print(session.run([loss, shifted] + both + [named["loss"]], {x: data}))
    print(session.run([bowl, after, twice, slope]))
    print(session.run([product, total]), session.run(seen), session.run(count))
