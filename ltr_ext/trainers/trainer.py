"""The trainer of every train setting: the host's `LTRTrainer` with exact resume.

How a train setting (`ltr_ext/train_settings/<module>/<name>.py`) builds its parts; it runs unchanged on both hosts::

    from ltr.data import LTRLoader
    from ltr_ext.actors.box2mask import Box2MaskActor
    from ltr_ext.trainers.batches import ResumableBatchSampler
    from ltr_ext.trainers.options import begin_run
    from ltr_ext.trainers.trainer import Box2MaskTrainer, TrainerConfig

    def run(settings):
        options = begin_run(settings)           # first of all: applies --workspace, seeds every generator from --seed
        settings.grad_clip_max_norm = 1.0       # leave it out for no clipping
        model, data = Box2MaskConfig(), DataConfig()                 # frozen dataclasses
        train_set = MySampler(data, seed=options.seed)               # has set_epoch(epoch) and len()
        val_set = MyValidationSampler(data)                          # set_epoch(epoch) that does nothing
        loaders = [
            LTRLoader("train", train_set, training=True, num_workers=1, stack_dim=1,
                      batch_sampler=ResumableBatchSampler(len(train_set), batch_size=4, drop_last=True)),
            LTRLoader("val", val_set, training=False, num_workers=1, stack_dim=1, epoch_interval=1,
                      batch_sampler=ResumableBatchSampler(len(val_set), batch_size=4)),
        ]
        net = Box2MaskNet(model)
        actor = Box2MaskActor(net, lovasz_loss, autocast=False)
        optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=1e-2)
        schedule = LambdaLR(optimizer, lambda step: 0.2 ** ((step >= 30_000) + (step >= 60_000)))   # per ITERATION
        config = TrainerConfig(
            fingerprint={"model": asdict(model), "data": asdict(data), "seed": options.seed},       # JSON values only
            best_stat="val/J", checkpoint_every=500, fresh=options.fresh, max_iterations=options.max_iterations)
        Box2MaskTrainer(actor, loaders, optimizer, settings, schedule, config).train(max_epochs=40)

The seams:

* `--seed`, `--workspace`, `--fresh` and `--max-iterations` of run_training.py reach the setting through
  `ltr_ext.trainers.options` (`begin_run` returns a `RunOptions`), because the host creates the `Settings` object itself
  and hands nothing else on. Started by another entry point, the options have their defaults.
* A sample is a function of (seed, epoch, index) alone; the trainer calls `dataset.set_epoch(epoch)` (epochs count from 1)
  before each pass. The batch may carry `dataset` and `sequence`, lists of str: a loss that is not finite is reported
  with them.
* The schedule steps once per training iteration, never per epoch.
* `actor(data)` returns `(loss, stats)`, stats a dict of floats; `best_stat` is "<loader name>/<stat name>".
* Checkpoints: `<workspace>/checkpoints/ltr/<module>/<name>/<NetClass>_<iteration>.safetensors`, and `..._best.safetensors`. Tensors of
  the network are called `net.<name>`; frozen parameters are left out (their digest is part of what must match).
"""
